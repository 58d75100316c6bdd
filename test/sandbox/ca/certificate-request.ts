import { createPublicKey, type KeyObject } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { isBase64url } from './jws.ts';
import { weaknessOf } from './key-policy.ts';
import { normalNames } from './names.ts';
import { AcmeProblem } from './problem.ts';

/** What a CSR asks for. */
export interface CertificateRequest {
  /** Lower case, sorted, each once; the common name included. */
  readonly names: readonly string[];
  /** What Boulder would put into the subject: the CSR's own, else its first short name (`csr/csr.go`, CNFromCSR). */
  readonly commonName: string | undefined;
  readonly publicKey: KeyObject;
}

const SIGNATURE_HASHES = ['SHA-256', 'SHA-384', 'SHA-512'];
/** id-pe-tlsfeature (RFC 7633): must-staple. */
const TLS_FEATURE = '1.3.6.1.5.5.7.1.24';
const LONGEST_COMMON_NAME = 64;

/**
 * Reads and verifies the PKCS#10 request of finalize (RFC 8555, section 7.4) as Boulder does: `malformed` when it
 * can't be parsed, `badCSR` for its key and signature, `unauthorized` for must-staple.
 */
export async function readCertificateRequest(
  encoded: unknown,
  isBlocked: (key: KeyObject) => boolean,
): Promise<CertificateRequest> {
  const request = parse(encoded);
  if (request.getExtension(TLS_FEATURE)) {
    throw new AcmeProblem(
      'unauthorized',
      'Error finalizing order :: OCSP must-staple extension is no longer available: see https://letsencrypt.org/2024/12/05/ending-ocsp',
    );
  }
  const publicKey = await verifiedKey(request, isBlocked);
  const entries = request.extensions
    .filter((extension) => extension instanceof x509.SubjectAlternativeNameExtension)
    .flatMap((extension) => extension.names.items);
  if (entries.some(({ type }) => type === 'email')) throw badCsr('CSR contains one or more email address fields');
  if (entries.some(({ type }) => type === 'url')) throw badCsr('CSR contains one or more URI fields');
  const names = entries.filter(({ type }) => type === 'dns' || type === 'ip').map(({ value }) => value);
  const subject = request.subjectName.getField('CN')[0]?.toLowerCase();
  if (names.length === 0 && subject === undefined) throw badCsr('at least one identifier is required');
  const commonName = subject ?? names.find((name) => name.length <= LONGEST_COMMON_NAME)?.toLowerCase();
  return {
    names: normalNames(subject === undefined ? names : [...names, subject]),
    commonName: commonName && commonName.length <= LONGEST_COMMON_NAME ? commonName : undefined,
    publicKey,
  };
}

function parse(encoded: unknown): x509.Pkcs10CertificateRequest {
  if (!isBase64url(encoded) || encoded === '') {
    throw new AcmeProblem('malformed', 'Error unmarshaling finalize order request');
  }
  try {
    return new x509.Pkcs10CertificateRequest(Buffer.from(encoded, 'base64url'));
  } catch (error) {
    throw new AcmeProblem('malformed', `Error parsing certificate request: ${String(error)}`);
  }
}

async function verifiedKey(
  request: x509.Pkcs10CertificateRequest,
  isBlocked: (key: KeyObject) => boolean,
): Promise<KeyObject> {
  let publicKey: KeyObject;
  try {
    publicKey = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
  } catch {
    throw badCsr('invalid public key in CSR');
  }
  const weakness = isBlocked(publicKey) ? 'public key is forbidden' : weaknessOf(publicKey);
  if (weakness !== undefined) throw badCsr(`invalid public key in CSR: ${weakness}`);
  const hash = (request.signatureAlgorithm as { hash?: { name?: string } }).hash?.name ?? '';
  if (!SIGNATURE_HASHES.includes(hash)) throw badCsr('signature algorithm not supported');
  if (!(await request.verify().catch(() => false))) throw badCsr('invalid signature on CSR');
  return publicKey;
}

function badCsr(detail: string): AcmeProblem {
  return new AcmeProblem('badCSR', `Error finalizing order :: ${detail}`);
}
