import { ariIdOf } from '../../acme/ari-id.ts';
import { keyMatches, readCertificate } from '../../acme/certificate.ts';
import { InvalidCertificate } from '../../acme/pem-chain.ts';
import { isSameKey, keyDigestOf } from '../../acme/private-key.ts';
import { certificateName } from '../../core/certificate-name.ts';
import { type CertificateSpec, parseCertificateSpec } from '../../core/certificate-spec.ts';
import { type CertificateTags, readCertificateTags } from '../../core/certificate-tags.ts';
import { coveringWildcard } from '../../core/domain-name.ts';
import type { LivePair } from '../../core/due.ts';
import { RenewalFailure } from '../../core/failure.ts';
import { jsonObjectIn } from '../../core/json-text.ts';
import type { KeyType } from '../../core/key-type.ts';
import { parseRevocations, type Revocation } from '../../core/revocations.ts';
import { parseSecretValue, whatWouldStay } from '../../core/secret-value.ts';
import type { Settings } from '../../core/settings.ts';
import { LIVE, REVOKED, SPEC } from '../../core/stages.ts';
import type { SecretDescription, SecretVault } from '../ports/secret-vault.ts';

/** One managed certificate as its secret describes it at this moment. */
export interface ManagedCertificate {
  readonly name: string;
  readonly arn: string;
  readonly stages: Readonly<Record<string, string>>;
  readonly tags: CertificateTags;
  readonly spec: CertificateSpec;
  /** The version of the spec; `undefined` for an adopted certificate, which is its own spec. */
  readonly specVersion: string | undefined;
  readonly liveVersion: string;
  readonly live: LivePair;
  /** What of the live value a renewal could not replace, as a clause; `undefined` when it replaces all of it. */
  readonly unrenewable: string | undefined;
  /** What was revoked, or is to be; the newest first. */
  readonly revocations: readonly Revocation[];
}

/** Reads the values: the spec and the live pair. Throws `corrupt-secret` when nothing says what is wanted. */
export async function readManagedCertificate(
  secret: SecretDescription,
  vault: SecretVault,
  settings: Settings,
): Promise<ManagedCertificate> {
  const name = certificateName(settings.prefix, secret.name);
  const liveVersion = secret.stages[LIVE];
  const specVersion = secret.stages[SPEC];
  if (liveVersion === undefined) {
    throw new RenewalFailure(
      'corrupt-secret',
      `the secret ${secret.name} has no version AWSCURRENT: put a value into it`,
    );
  }
  const [value, specText, revocations] = await Promise.all([
    vault.read(secret.arn, liveVersion),
    specVersion === undefined ? undefined : vault.read(secret.arn, specVersion),
    readRevocations(secret, vault),
  ]);
  const live = livePair(value ?? '', revocations);
  return {
    name,
    arn: secret.arn,
    stages: secret.stages,
    tags: readCertificateTags(secret.tags),
    spec: specText === undefined ? adoptedSpec(live, secret.name, settings) : readSpec(specText, secret.name),
    specVersion,
    liveVersion,
    live,
    unrenewable: whatWouldStay(value ?? '', isSameKey),
    revocations,
  };
}

async function readRevocations(
  { arn, name, stages }: SecretDescription,
  vault: SecretVault,
): Promise<readonly Revocation[]> {
  const version = stages[REVOKED];
  if (version === undefined) return [];
  const revocations = parseRevocations((await vault.read(arn, version)) ?? '');
  if (revocations) return revocations;
  throw new RenewalFailure(
    'corrupt-secret',
    `the record of revoked keys of ${name} (version ACME_REVOKED) can not be read: put the label back on the version that had it before`,
  );
}

/** Whether a private key (PEM) is one that must not be used any more. */
export function isRevokedKey(privateKey: string, revocations: readonly Revocation[]): boolean {
  const key = revocations.length > 0 ? keyDigestOf(privateKey) : undefined;
  return revocations.some((revocation) => revocation.key === key);
}

/** What a secret's value holds, looked at as X.509. */
export function livePair(value: string, revocations: readonly Revocation[]): LivePair {
  const parsed = parseSecretValue(value);
  if (parsed.kind !== 'pair') return parsed;
  try {
    const facts = readCertificate(parsed.certificate);
    if (!keyMatches(parsed.certificate, parsed.privateKey)) {
      return { kind: 'broken', problem: 'the private key does not belong to the certificate' };
    }
    const revoked = isRevokedKey(parsed.privateKey, revocations) ? { keyIsRevoked: true } : {};
    const { certificate, directoryUrl, profile } = parsed;
    return { kind: 'pair', ...facts, ariId: ariIdOf(certificate), directoryUrl, profile, ...revoked };
  } catch (error) {
    if (error instanceof InvalidCertificate)
      return { kind: 'broken', problem: `the certificate can not be read: ${error.message}` };
    throw error;
  }
}

/**
 * When the issuing CA suggests to renew the live pair, as far as the tags know. A scan's answer about the certificate before may
 * have been written late, over what belongs to this one.
 */
export function suggestedRenewal({ live, liveVersion, tags }: ManagedCertificate): number | undefined {
  const isAboutLive = live.kind === 'pair' && tags.ariId !== undefined && tags.ariId === live.ariId;
  return isAboutLive && tags.version === liveVersion ? tags.renewAt : undefined;
}

function readSpec(text: string, secret: string): CertificateSpec {
  const json = jsonObjectIn(text);
  if (json) return parseCertificateSpec(json, `spec of ${secret}`);
  throw new RenewalFailure('corrupt-secret', `the spec of ${secret} (version ACME_SPEC) is no JSON object`);
}

/**
 * A certificate that came from elsewhere is renewed with the names and the key type that it has. Names that a wildcard
 * of the same certificate covers are left out: CAs refuse them as redundant.
 */
function adoptedSpec(live: LivePair, secret: string, settings: Settings): CertificateSpec {
  if (live.kind !== 'pair') {
    const found = live.kind === 'none' ? 'it holds no certificate and key' : live.problem;
    throw new RenewalFailure(
      'corrupt-secret',
      `the secret ${secret} can not be adopted: ${found}. Put a certificate and its key into it as PEM, or write a spec.`,
    );
  }
  const { domainNames, keyType } = live;
  return parseCertificateSpec(
    {
      domainNames: domainNames.filter((name) => !domainNames.includes(coveringWildcard(name))),
      issuer: settings.defaultIssuer,
      key: keyType ?? ('ecdsa-p256' satisfies KeyType),
    },
    `adopted certificate in ${secret}`,
  );
}
