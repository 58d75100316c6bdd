import { messageOf } from '../core/failure.ts';

/** Whether an error of node:dns says that the name (NXDOMAIN) or the record (NODATA) does not exist: an answer. */
export function isAbsent(error: unknown): boolean {
  return isNoName(error) || isNoData(error);
}

/** Whether an error of node:dns says that the name does not exist, whatever the type (NXDOMAIN). */
export function isNoName(error: unknown): boolean {
  return codeOf(error) === 'ENOTFOUND';
}

/** Whether an error of node:dns says that there is no such record at a name (NODATA). A referral looks the same. */
export function isNoData(error: unknown): boolean {
  return codeOf(error) === 'ENODATA';
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
