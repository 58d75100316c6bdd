import { RenewalFailure } from '../core/failure.ts';
import { authorityKeyIdOf, InvalidCertificate, parseCertificate } from './certificate.ts';
import type { Clock } from './clock.ts';
import { type Directory, fetchDirectory } from './directory.ts';
import { expectSuccess } from './refusal.ts';
import { repeat } from './repeat.ts';
import { instantField, nonsense, objectField, resourceIn } from './resource.ts';
import { retryAfterMilliseconds } from './retry-after.ts';
import { type AcmeEndpoint, connectionTo } from './session.ts';
import { printable } from './text.ts';
import { createTransport } from './transport.ts';

/** What a CA suggests for one certificate (RFC 9773, section 4.2). Instants are milliseconds since the epoch. */
export interface RenewalInfo {
  readonly start: number;
  /** Later than `start`; both are in the past for a certificate that has to go at once. */
  readonly end: number;
  /** A page for the operator. */
  readonly explanationUrl?: string;
  /** As the CA says, without limits: section 4.3.2 leaves those to whoever asks. */
  readonly retryAfterMilliseconds?: number;
}

/** A CA, or where it has its renewal information when that is known already. */
export type RenewalInfoEndpoint =
  | AcmeEndpoint
  | (Omit<AcmeEndpoint, 'directoryUrl'> & { readonly renewalInfoUrl: string });

/**
 * RFC 9773, section 4.1: the authority key identifier and the serial number, each as base64url of its DER contents. The
 * serial number keeps the zero byte that DER puts before a high first bit; libraries leave it out.
 *
 * Throws `InvalidCertificate` for a certificate without authority key identifier.
 */
export function certificateId(certificatePem: string): string {
  const certificate = parseCertificate(certificatePem);
  const keyIdentifier = authorityKeyIdOf(certificate);
  if (!keyIdentifier) throw new InvalidCertificate('it has no authority key identifier');
  return `${Buffer.from(keyIdentifier, 'hex').toString('base64url')}.${serialContents(certificate.raw).toString('base64url')}`;
}

/**
 * Asks for the renewal information of a certificate: an unauthenticated GET (RFC 9773, section 4.1). Throws
 * `ca-refused` when the CA does not know the certificate, `ca-misbehaved` for a window that is none, and whatever any
 * request throws.
 */
export async function readRenewalInfo(
  endpoint: RenewalInfoEndpoint,
  certId: string,
  { clock, directory }: { readonly clock: Clock; readonly directory?: Directory },
): Promise<RenewalInfo> {
  const direct = 'renewalInfoUrl' in endpoint;
  const connection = connectionTo(direct ? endpoint.renewalInfoUrl : endpoint.directoryUrl, endpoint);
  const transport = createTransport(connection);
  const base = direct
    ? endpoint.renewalInfoUrl
    : (directory ?? (await fetchDirectory(transport, endpoint.directoryUrl, connection, clock))).renewalInfo;
  if (base === undefined) {
    throw new RenewalFailure('ca-refused', `${new URL(connection.home).host} offers no renewal information`, {
      retry: 'never',
    });
  }
  const answer = await repeat(clock, 'read', async () =>
    expectSuccess(
      await transport('GET', `${base.replace(/\/$/, '')}/${certId}`),
      'give renewal information',
      clock.now(),
    ),
  );
  const resource = resourceIn(answer, 'renewal information');
  const window = objectField(resource, 'suggestedWindow');
  const [start, end] = [instantField(window, 'start'), instantField(window, 'end')];
  if (end <= start) throw nonsense(resource, 'its window ends before it starts');
  const explanation = resource.fields['explanationURL'];
  const after = retryAfterMilliseconds(answer.headers['retry-after'], clock.now());
  return {
    start,
    end,
    ...(isWebPage(explanation) ? { explanationUrl: printable(explanation, 500) } : {}),
    ...(after === undefined ? {} : { retryAfterMilliseconds: after }),
  };
}

function isWebPage(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

/** The INTEGER's contents: Certificate and tbsCertificate are entered, an explicit version is passed over. */
function serialContents(der: Buffer): Buffer {
  const tbs = element(element(der).contents).contents;
  const first = element(tbs);
  return first.tag === EXPLICIT_VERSION ? element(tbs.subarray(first.length)).contents : first.contents;
}

const EXPLICIT_VERSION = 0xa0;

/** The DER element that `bytes` begin with; well-formed, because the certificate has been parsed. */
function element(bytes: Buffer): { readonly tag: number; readonly contents: Buffer; readonly length: number } {
  const lengthByte = bytes.readUInt8(1);
  const lengthBytes = lengthByte < 0x80 ? 0 : lengthByte & 0x7f;
  const size = lengthBytes === 0 ? lengthByte : bytes.readUIntBE(2, lengthBytes);
  const begin = 2 + lengthBytes;
  return { tag: bytes.readUInt8(0), contents: bytes.subarray(begin, begin + size), length: begin + size };
}
