import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { DAY } from '../../../lambdas/core/duration.ts';
import { createKeys, distinguishedName, SIGNING_ALGORITHM } from './issuing-hierarchy.ts';

/** What the CA's own HTTPS endpoint shows, and the root to trust for it. PEM. */
export interface HttpsIdentity {
  readonly root: string;
  readonly certificate: string;
  readonly key: string;
}

/** For what evercert does at this CA alone. */
export const LETS_ENCRYPT_HOST = 'acme-v02.api.letsencrypt.org';

/**
 * A certificate for `localhost`, 127.0.0.1 and `LETS_ENCRYPT_HOST`. TLS is checked against real time whatever the virtual clock says, so it
 * is valid at real time; and its root is not one that the CA issues from, as with a public CA's website.
 */
export async function createHttpsIdentity(now = Date.now()): Promise<HttpsIdentity> {
  const validity = { notBefore: new Date(now - DAY), notAfter: new Date(now + 365 * DAY) };
  const rootKeys = await createKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: distinguishedName('Sandbox HTTPS Root'),
    keys: rootKeys,
    signingAlgorithm: SIGNING_ALGORITHM,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(rootKeys.publicKey),
    ],
  });
  const keys = await createKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    subject: distinguishedName('localhost'),
    issuer: root.subjectName,
    publicKey: keys.publicKey,
    signingKey: rootKeys.privateKey,
    signingAlgorithm: SIGNING_ALGORITHM,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'dns', value: LETS_ENCRYPT_HOST },
        { type: 'ip', value: '127.0.0.1' },
      ]),
      await x509.AuthorityKeyIdentifierExtension.create(rootKeys.publicKey),
    ],
  });
  return {
    root: root.toString('pem'),
    certificate: certificate.toString('pem'),
    key: x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY'),
  };
}
