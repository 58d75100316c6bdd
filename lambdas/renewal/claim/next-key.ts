import { generatePrivateKey, keyTypeOf, toPkcs8 } from '../../acme/private-key.ts';
import type { KeyType } from '../../core/key-type.ts';
import { parseSecretValue } from '../../core/secret-value.ts';
import { isRevokedKey, type ManagedCertificate } from '../certificate/managed-certificate.ts';
import type { Run } from '../run.ts';
import type { Pending } from './pending.ts';

/** A key that an order may already be waiting for is used again; a key of the wrong type, or a revoked one, is not. */
export async function nextPrivateKey(
  certificate: ManagedCertificate,
  unfinished: Pending | undefined,
  run: Run,
): Promise<string> {
  const { spec, revocations } = certificate;
  const live = spec.reuseKey ? await livePrivateKey(certificate, spec.key, run) : undefined;
  if (live && !isRevokedKey(live, revocations)) return live;
  const started = unfinished?.key === spec.key ? unfinished.privateKey : '';
  return started !== '' && !isRevokedKey(started, revocations) ? started : generatePrivateKey(spec.key);
}

async function livePrivateKey(certificate: ManagedCertificate, key: KeyType, run: Run): Promise<string | undefined> {
  if (certificate.live.kind !== 'pair') return undefined;
  const value = parseSecretValue((await run.vault.read(certificate.arn, certificate.liveVersion)) ?? '');
  return value.kind === 'pair' && keyTypeOf(value.privateKey) === key ? toPkcs8(value.privateKey) : undefined;
}
