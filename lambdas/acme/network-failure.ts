import { messageOf, RenewalFailure } from '../core/failure.ts';
import { printable } from '../core/printable.ts';
import { shownUrl } from './acme-url.ts';

/** OpenSSL's and Node's names for a certificate that is not trusted or not for this host. */
const NOT_TRUSTED =
  /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_)/;

/** No answer, or none that is HTTP. */
export function networkFailure(
  error: unknown,
  request: { readonly method: string; readonly url: string; readonly timeOut: number | undefined },
): RenewalFailure {
  const { host } = new URL(request.url);
  const code = codeOf(error);
  const why = `${printable(reasonOf(error), 500)} (${request.method} ${shownUrl(request.url)})`;
  const cause = bareError(error);
  if (request.timeOut !== undefined) {
    const seconds = request.timeOut / 1_000;
    return new RenewalFailure('ca-unreachable', `${host} has not answered within ${seconds} seconds: ${why}`, {
      cause,
    });
  }
  if (code === 'ENOTPUBLIC') {
    const advice = "set the issuer's allowPrivateAddresses if the CA is in your own network";
    return new RenewalFailure('ca-unreachable', `${host} was not contacted: ${why}; ${advice}`, {
      cause,
      retry: 'never',
    });
  }
  if (NOT_TRUSTED.test(code)) {
    const advice = 'if the CA has a root of its own, give it to the issuer as caBundle';
    return new RenewalFailure('ca-unreachable', `the TLS certificate of ${host} is not trusted: ${why}; ${advice}`, {
      cause,
    });
  }
  if (code.startsWith('HPE_'))
    return new RenewalFailure('ca-misbehaved', `${host} does not speak HTTP: ${why}`, { cause });
  return new RenewalFailure('ca-unreachable', `${host} could not be reached: ${why}`, { cause });
}

/** Errors of sockets can carry the request, its body and certificates: only words and a code go on. */
function bareError(error: unknown): Error {
  return Object.assign(new Error(printable(reasonOf(error), 500)), { code: codeOf(error) });
}

/** A host with several addresses fails with one error for each, and no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return messageOf(error);
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
