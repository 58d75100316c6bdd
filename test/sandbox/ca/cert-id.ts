import * as x509 from '@peculiar/x509';

/** The ARI identifier of the leaf of a PEM chain (RFC 9773, section 4.1), read from its DER independently of the CA. */
export function certId(chain: string): string {
  const [pem] = x509.PemConverter.decode(chain);
  const leaf = new x509.X509Certificate(pem ?? '');
  const keyIdentifier = leaf.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId ?? '';
  const bytes = Buffer.from(leaf.serialNumber, 'hex');
  const contents = bytes.readUInt8(0) > 0x7f ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return `${Buffer.from(keyIdentifier, 'hex').toString('base64url')}.${contents.toString('base64url')}`;
}
