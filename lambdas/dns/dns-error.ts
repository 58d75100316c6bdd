import { messageOf } from '../core/failure.ts';

/** Whether an error of node:dns says that the name (NXDOMAIN) or the record (NODATA) does not exist: an answer. */
export function isAbsent(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOTFOUND' || code === 'ENODATA';
}

/** Why a query had no answer, in the words of DNS where it has some. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  return (code && REASONS[code]) ?? code ?? messageOf(error);
}

/** https://nodejs.org/docs/latest-v24.x/api/dns.html#error-codes */
const REASONS: Readonly<Record<string, string>> = {
  EREFUSED: 'REFUSED',
  ESERVFAIL: 'SERVFAIL',
  ENOTIMP: 'NOTIMP',
  EFORMERR: 'FORMERR',
  EBADRESP: 'malformed response',
  ETIMEOUT: 'timed out',
  ECONNREFUSED: 'connection refused',
};

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}
