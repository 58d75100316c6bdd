import { type KeyObject, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { DAY } from '../../lambdas/core/duration.ts';

/** A certificate with its key, for building chains that are right or wrong in one way. */
export interface Made {
  /** PEM with a line break at the end. */
  readonly pem: string;
  /** PKCS#8 PEM. */
  readonly privateKey: string;
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

export interface Wanted {
  readonly subject?: string;
  /** Signed by itself without one. */
  readonly issuer?: Made;
  /** Taken over from another certificate, for cross-signing. */
  readonly keys?: webcrypto.CryptoKeyPair;
  readonly algorithm?: Algorithm;
  readonly ca?: boolean;
  readonly pathLength?: number;
  readonly names?: readonly x509.JsonGeneralName[];
  /** Extended key usages; none at all when `undefined`. */
  readonly usages?: readonly string[] | undefined;
  readonly keyUsages?: number;
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly serialNumber?: string;
}

type Algorithm = webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams;

export const NOW = Date.UTC(2026, 10, 24, 12);

const P256: Algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
export const P384: Algorithm = { name: 'ECDSA', namedCurve: 'P-384' };
export const RSA2048: Algorithm = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
};

/** A CA certificate, unless `wanted` says otherwise. */
export async function make(wanted: Wanted): Promise<Made> {
  const { subject = '', issuer, ca = true, pathLength, names, keyUsages, serialNumber } = wanted;
  const keys =
    wanted.keys ??
    ((await webcrypto.subtle.generateKey(wanted.algorithm ?? P256, true, [
      'sign',
      'verify',
    ])) as webcrypto.CryptoKeyPair);
  const usages = 'usages' in wanted ? wanted.usages : [x509.ExtendedKeyUsage.serverAuth];
  const signer = issuer?.keys ?? keys;
  const extensions: x509.Extension[] = [new x509.BasicConstraintsExtension(ca, pathLength, true)];
  if (keyUsages !== undefined) extensions.push(new x509.KeyUsagesExtension(keyUsages, true));
  if (names) extensions.push(new x509.SubjectAlternativeNameExtension([...names]));
  if (usages) extensions.push(new x509.ExtendedKeyUsageExtension([...usages]));
  if (issuer) extensions.push(await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey));
  const common = {
    notBefore: new Date(wanted.notBefore ?? NOW - DAY),
    notAfter: new Date(wanted.notAfter ?? NOW + 90 * DAY),
    signingAlgorithm: { ...signer.privateKey.algorithm, hash: 'SHA-256' },
    extensions,
    ...(serialNumber === undefined ? {} : { serialNumber }),
  };
  const name = subject === '' ? '' : `CN=${subject}`;
  const certificate = issuer
    ? await x509.X509CertificateGenerator.create({
        ...common,
        subject: name,
        issuer: issuer.certificate.subject,
        publicKey: keys.publicKey,
        signingKey: signer.privateKey,
      })
    : await x509.X509CertificateGenerator.createSelfSigned({ ...common, name, keys });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    pem: `${certificate.toString('pem')}\n`,
    privateKey: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`,
    certificate,
    keys,
  };
}

export function dns(...names: readonly string[]): readonly x509.JsonGeneralName[] {
  return names.map((value) => ({ type: 'dns', value }));
}

/** A root, an intermediate and a leaf for the names. */
export async function makeChain(
  names: readonly string[],
  changes: { readonly leaf?: Wanted; readonly intermediate?: Wanted; readonly root?: Wanted } = {},
): Promise<{ readonly root: Made; readonly intermediate: Made; readonly leaf: Made }> {
  const root = await make({ subject: 'Test Root', usages: undefined, ...changes.root });
  const intermediate = await make({ subject: 'Test Intermediate', issuer: root, ...changes.intermediate });
  const leaf = await make({ issuer: intermediate, ca: false, names: dns(...names), ...changes.leaf });
  return { root, intermediate, leaf };
}

export function pemOf(key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1' | 'spki'): string {
  return String(key.export({ type: type as 'pkcs8', format: 'pem' }));
}
