import { type KeyObject, randomBytes } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { type Issuer, type IssuingHierarchy, SIGNING_ALGORITHM } from './issuing-hierarchy.ts';

/** What goes into a leaf. Times are milliseconds since the epoch, whole seconds. */
export interface LeafRequest {
  readonly names: readonly string[];
  readonly commonName: string | undefined;
  readonly publicKey: KeyObject;
  readonly notBefore: number;
  readonly notAfter: number;
  /** Lower-case hex. */
  readonly serial: string;
  /** Without subject key identifier and keyEncipherment, as Let's Encrypt's newer profiles. */
  readonly lean: boolean;
}

/** CA/Browser Forum: domain validated. */
const DOMAIN_VALIDATED = '2.23.140.1.2.1';

/**
 * Signs a leaf as the CA/Browser Forum's Baseline Requirements (section 7.1.2.7) and Boulder (`issuance/cert.go`) shape
 * it, and returns its PEM chains without the root, the default one first.
 */
export async function issueChains(
  leaf: LeafRequest,
  hierarchy: IssuingHierarchy,
  intermediate: Issuer,
): Promise<string[]> {
  const certificate = await signLeaf(leaf, intermediate);
  const toIntermediate = `${certificate.toString('pem')}\n${intermediate.certificate.toString('pem')}\n`;
  return [toIntermediate, `${toIntermediate}${hierarchy.crossSigned.toString('pem')}\n`];
}

/**
 * A positive serial number of 16 to 18 random bytes. Every other one has its top bit set, the first included, so that
 * its DER encoding has a sign byte: clients that lose it fail at renewalInfo.
 */
export function createSerial(alreadyIssued: number): string {
  const bytes = randomBytes(16 + (alreadyIssued % 3));
  const first = bytes.readUInt8(0);
  bytes.writeUInt8(alreadyIssued % 2 === 0 ? first | 0x80 : (first & 0x7f) | 0x01, 0);
  return bytes.toString('hex');
}

async function signLeaf(leaf: LeafRequest, issuer: Issuer): Promise<x509.X509Certificate> {
  const publicKey = new x509.PublicKey(leaf.publicKey.export({ type: 'spki', format: 'der' }));
  const encipherment = leaf.publicKey.asymmetricKeyType === 'rsa' && !leaf.lean;
  return x509.X509CertificateGenerator.create({
    serialNumber: leaf.serial,
    subject: leaf.commonName === undefined ? [] : [{ CN: [leaf.commonName] }],
    issuer: issuer.certificate.subjectName,
    notBefore: new Date(leaf.notBefore),
    notAfter: new Date(leaf.notAfter),
    publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: SIGNING_ALGORITHM,
    extensions: [
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | (encipherment ? x509.KeyUsageFlags.keyEncipherment : 0),
        true,
      ),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...(leaf.lean ? [] : [await x509.SubjectKeyIdentifierExtension.create(publicKey)]),
      new x509.AuthorityKeyIdentifierExtension(issuer.keyIdentifier),
      new x509.AuthorityInfoAccessExtension({ caIssuers: `http://${hostOf(issuer)}.i.sandbox.invalid/` }),
      // A subject without a name makes the alternative name critical (RFC 5280, section 4.2.1.6).
      new x509.SubjectAlternativeNameExtension(
        leaf.names.map((value) => ({ type: 'dns', value })),
        leaf.commonName === undefined,
      ),
      new x509.CertificatePolicyExtension([DOMAIN_VALIDATED]),
      new x509.CRLDistributionPointsExtension([`http://${hostOf(issuer)}.c.sandbox.invalid/1.crl`]),
    ],
  });
}

function hostOf(issuer: Issuer): string {
  return issuer.name.toLowerCase().replaceAll(' ', '-');
}
