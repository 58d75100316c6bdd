import { createCsr as createRequest } from 'acme-client/src/crypto/index.js';
import { toPkcs8 } from './private-key.ts';

/**
 * A certificate signing request (PKCS#10, PEM) for the names, signed by the key. The names go into the subject
 * alternative name alone: a common name is deprecated, and can't hold more than 64 characters.
 */
export async function createCsr(privateKey: string, domainNames: readonly string[]): Promise<Buffer> {
  const [, request] = await createRequest({ altNames: [...domainNames] }, toPkcs8(privateKey));
  return request;
}
