import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** What ImportCertificate takes. */
export interface IssuedPair {
  readonly certificate: string;
  readonly chain: string;
  readonly privateKey: string;
}

export interface IssueOptions {
  readonly names: readonly string[];
  /** None when left out, as in certificates of newer profiles. */
  readonly commonName?: string;
  readonly key?: KeyObject;
  readonly notBefore: number;
  readonly notAfter: number;
  /** Lower-case hex. */
  readonly serial?: string;
  /** No extension when `null`. */
  readonly keyUsages?: x509.KeyUsageFlags | null;
  /** Object identifiers; no extension when `null`. */
  readonly extendedKeyUsages?: readonly string[] | null;
}

/** A root and an intermediate below it that sign whatever a test asks for, right or wrong. */
export interface TestIssuer {
  readonly root: string;
  readonly intermediate: string;
  issue(options: IssueOptions): Promise<IssuedPair>;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const VALIDITY = { notBefore: new Date('2020-01-01'), notAfter: new Date('2040-01-01') };
export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

export async function createTestIssuer(name = 'Test'): Promise<TestIssuer> {
  const rootKeys = await createKeys();
  const keys = await createKeys();
  const extensions = [new x509.BasicConstraintsExtension(true, undefined, true)];
  const rootName: x509.JsonName = [{ O: [name] }, { CN: ['Root'] }];
  const intermediateName: x509.JsonName = [{ O: [name] }, { CN: ['Intermediate'] }];
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: rootName,
    keys: rootKeys,
    signingAlgorithm: ALGORITHM,
    ...VALIDITY,
    extensions,
  });
  const intermediate = await x509.X509CertificateGenerator.create({
    subject: intermediateName,
    issuer: rootName,
    publicKey: keys.publicKey,
    signingKey: rootKeys.privateKey,
    signingAlgorithm: ALGORITHM,
    ...VALIDITY,
    extensions,
  });
  return {
    root: root.toString('pem'),
    intermediate: intermediate.toString('pem'),
    issue: async (options) => {
      const key = options.key ?? createEcKey();
      const leaf = await x509.X509CertificateGenerator.create({
        serialNumber: options.serial ?? '0102030405',
        subject: options.commonName === undefined ? [] : [{ CN: [options.commonName] }],
        issuer: intermediateName,
        notBefore: new Date(options.notBefore),
        notAfter: new Date(options.notAfter),
        publicKey: publicKeyOf(key),
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        extensions: leafExtensions(options),
      });
      return {
        certificate: leaf.toString('pem'),
        chain: intermediate.toString('pem'),
        privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    },
  };
}

export function createRsaKey(size: number): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: size }).privateKey;
}

/** `curve` as OpenSSL names it. */
export function createEcKey(curve = 'prime256v1'): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: curve }).privateKey;
}

/** A certificate that its own key signed. */
export async function selfSigned(options: IssueOptions): Promise<Omit<IssuedPair, 'chain'>> {
  const keys = await createKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [options.names[0] ?? ''] }],
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(options.notBefore),
    notAfter: new Date(options.notAfter),
    extensions: leafExtensions(options),
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  const key = createPrivateKey({ key: Buffer.from(pkcs8), type: 'pkcs8', format: 'der' });
  return {
    certificate: certificate.toString('pem'),
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function leafExtensions(options: IssueOptions): x509.Extension[] {
  const { names, keyUsages = x509.KeyUsageFlags.digitalSignature, extendedKeyUsages = [SERVER_AUTH] } = options;
  return [
    ...(names.length > 0
      ? [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value })))]
      : []),
    ...(keyUsages === null ? [] : [new x509.KeyUsagesExtension(keyUsages, true)]),
    ...(extendedKeyUsages === null ? [] : [new x509.ExtendedKeyUsageExtension([...extendedKeyUsages])]),
  ];
}

function publicKeyOf(key: KeyObject): x509.PublicKey {
  return new x509.PublicKey(createPublicKey(key).export({ type: 'spki', format: 'der' }));
}

function createKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
}
