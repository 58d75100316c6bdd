import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** A certificate of a CA, with its key. */
export interface Issuer {
  readonly name: string;
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
  /** Hex; what goes into the authority key identifier of what it issues. */
  readonly keyIdentifier: string;
}

/**
 * Two roots and two intermediates, shaped like Let's Encrypt's: intermediates hang below the first root; the first root
 * is cross-signed by the second, which gives the alternate chain. All keys are P-256.
 */
export interface IssuingHierarchy {
  readonly roots: readonly Issuer[];
  /** One of them, picked at random, issues each leaf: a client must not expect the same one again. */
  readonly intermediates: readonly Issuer[];
  /** The first root, signed by the second. */
  readonly crossSigned: x509.X509Certificate;
}

/** ECDSA with SHA-256 on P-256: what every certificate of the sandbox is signed with. */
export const SIGNING_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

const ROOT_VALIDITY = { notBefore: new Date('2015-06-04T11:04:38Z'), notAfter: new Date('2049-06-04T11:04:38Z') };
const INTERMEDIATE_VALIDITY = {
  notBefore: new Date('2020-09-04T00:00:00Z'),
  notAfter: new Date('2045-09-15T16:00:00Z'),
};

export async function createIssuingHierarchy(): Promise<IssuingHierarchy> {
  const first = await createRoot('Sandbox Root X1');
  const second = await createRoot('Sandbox Root X2');
  const intermediates = await Promise.all(['Sandbox E7', 'Sandbox E8'].map((name) => createIntermediate(name, first)));
  const crossSigned = await signCa(first.name, first.keys.publicKey, second, INTERMEDIATE_VALIDITY, undefined);
  return { roots: [first, second], intermediates, crossSigned };
}

/** A subject such as Let's Encrypt's. */
export function distinguishedName(commonName: string): x509.JsonName {
  return [{ C: ['XX'] }, { O: ['Sandbox'] }, { CN: [commonName] }];
}

async function createRoot(name: string): Promise<Issuer> {
  const keys = await createKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: distinguishedName(name),
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    ...ROOT_VALIDITY,
    extensions: await caExtensions(keys.publicKey, undefined),
  });
  return issuer(name, certificate, keys);
}

async function createIntermediate(name: string, parent: Issuer): Promise<Issuer> {
  const keys = await createKeys();
  return issuer(name, await signCa(name, keys.publicKey, parent, INTERMEDIATE_VALIDITY, 0), keys);
}

async function signCa(
  name: string,
  publicKey: webcrypto.CryptoKey,
  parent: Issuer,
  validity: { readonly notBefore: Date; readonly notAfter: Date },
  pathLength: number | undefined,
): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.create({
    subject: distinguishedName(name),
    issuer: parent.certificate.subjectName,
    publicKey,
    signingKey: parent.keys.privateKey,
    signingAlgorithm: SIGNING_ALGORITHM,
    ...validity,
    extensions: [
      ...(await caExtensions(publicKey, pathLength)),
      // Without serverAuth the intermediate could not issue for TLS: Let's Encrypt's incident of 2026-05-08.
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.AuthorityKeyIdentifierExtension(parent.keyIdentifier),
    ],
  });
}

async function caExtensions(publicKey: webcrypto.CryptoKey, pathLength: number | undefined): Promise<x509.Extension[]> {
  return [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
  ];
}

async function issuer(name: string, certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair): Promise<Issuer> {
  const keyIdentifier = Buffer.from(await certificate.publicKey.getKeyIdentifier()).toString('hex');
  return { name, certificate, keys, keyIdentifier };
}

/** A fresh P-256 key pair. */
export async function createKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(SIGNING_ALGORITHM, true, ['sign', 'verify']);
}
