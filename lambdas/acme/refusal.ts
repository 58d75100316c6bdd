import { type ProblemDetails, RenewalFailure, type Retry } from '../core/failure.ts';
import { isoInstant } from '../core/instant.ts';
import { printable } from '../core/printable.ts';
import { shownUrl } from './acme-url.ts';
import { PORTAL, parseProblem, shortType, untypedProblem } from './problem.ts';
import { retryAt } from './retry-after.ts';
import type { Answer } from './transport.ts';

/**
 * Types that say what is wrong with the request, the account or the issuer's settings: the same request meets the same
 * answer until somebody changes something that we know of.
 *
 * Not among them: `caa`, `dns`, `connection`, `unauthorized` and the like, because what they complain of is outside
 * (the domain's DNS, the CA's own checks) and nobody tells us when it has changed. `alreadyReplaced`, `conflict` and
 * `orderNotReady` end with the order that they are about.
 */
const CURED_BY_A_CHANGE_ONLY: ReadonlySet<string | undefined> = new Set([
  'accountDoesNotExist',
  'badCSR',
  'badPublicKey',
  'badSignatureAlgorithm',
  'externalAccountRequired',
  'invalidContact',
  'invalidProfile',
  'malformed',
  'rejectedIdentifier',
  'unsupportedContact',
  'unsupportedIdentifier',
  'userActionRequired',
]);

/** What to do about a refusal, where the CA's own words rarely say it. */
const ADVICE: ReadonlyMap<string | undefined, string> = new Map([
  ['accountDoesNotExist', "the CA does not know the issuer's account any more: deploy the issuer again to register it"],
  ['badSignatureAlgorithm', 'the CA does not take account keys of this type'],
  [
    'externalAccountRequired',
    "the CA wants accounts to be bound to an account on its website: give the issuer an externalAccountBinding (if it has one, check its key ID and HMAC key, and the issuer's email)",
  ],
  ['invalidContact', "check the issuer's email"],
  ['invalidProfile', "check the certificate's profile"],
  ['unsupportedContact', "check the issuer's email"],
  ['userActionRequired', 'the CA wants a human to agree to something first'],
]);

/**
 * Returns an answer with a status of 2xx and throws for all others: `ca-rate-limited`, `ca-refused`, `ca-unreachable`
 * (5xx) or `ca-misbehaved` (an error that no CA would word like that). `purpose` completes "refused to …".
 */
export function expectSuccess(answer: Answer, purpose: string, now: number): Answer {
  const { status, url } = answer;
  if (status >= 200 && status < 300) return answer;
  const problem = parseProblem(answer.data, { status, url });
  const at = retryAt(answer.headers['retry-after'], now);
  const type = shortType(problem?.type);
  const host = new URL(url).host;
  const known = problem ?? untypedProblem(described(answer), { status, url });
  const details = { problem: known, ...(at === undefined ? {} : { retryAt: at }) };
  const words = `${host} refused to ${purpose}: ${inWords(known)}`;

  if (isPaused(known)) {
    const where = known.instance ?? 'the page that it names';
    const cure = `open ${where}, put in order what makes the challenges fail, and renew with force`;
    throw new RenewalFailure('account-paused', `${words}; it takes no order for them until then: ${cure}`, { details });
  }
  if (type === 'rateLimited' || status === 429 || (status === 503 && at !== undefined)) {
    const wait = at === undefined ? '' : `; it wants no further request before ${isoInstant(at)}`;
    throw new RenewalFailure('ca-rate-limited', words + wait, { details });
  }
  if (status >= 500)
    throw new RenewalFailure('ca-unreachable', `${host} failed to ${purpose}: ${inWords(known)}`, { details });
  if (!problem) {
    const sentence = `${shownUrl(url)} answered HTTP ${status} without a problem document: ${described(answer)}`;
    throw new RenewalFailure('ca-misbehaved', sentence, { details });
  }
  const advice = [ADVICE.get(type), problem.instance].filter((part) => part !== undefined).join(': ');
  throw new RenewalFailure('ca-refused', advice === '' ? words : `${words}; ${advice}`, {
    details,
    retry: retryOf(problem),
  });
}

/** What an answer that is not what it ought to be looks like: `text/html, "<html>…"`. */
export function described({ headers, data }: Answer): string {
  const type = printable(headers['content-type'] ?? 'no content type', 100);
  const body = printable(typeof data === 'string' ? data : JSON.stringify(data), 100);
  return body === '' ? `${type}, no content` : `${type}, ${JSON.stringify(body)}`;
}

function inWords({ type, status, detail, subproblems }: ProblemDetails): string {
  const short = shortType(type);
  const subs = (subproblems ?? []).map((sub) => `${sub.identifier ?? 'also'}: ${sub.detail}`);
  const words = [detail || 'it gave no reason', ...subs].join('; ');
  return `${printable(words, 1_500)} (${short === undefined ? '' : `${short}, `}HTTP ${status})`;
}

/**
 * After a thousand failed challenges in a row Let's Encrypt takes no order for the names until a human has opened a page of
 * its own (https://letsencrypt.org/docs/rate-limits/#consecutive-authorization-failures-per-identifier-per-account). No time
 * ends that, so it has no Retry-After.
 */
function isPaused({ type, instance }: ProblemDetails): boolean {
  return shortType(type) === 'rateLimited' && instance !== undefined && PORTAL.test(instance);
}

/** `compound` (RFC 8555, section 6.7.1) is as permanent as the most permanent of its parts. */
function retryOf({ type, subproblems = [] }: ProblemDetails): Retry {
  const types = [type, ...subproblems.map((sub) => sub.type)].map(shortType);
  return types.some((each) => CURED_BY_A_CHANGE_ONLY.has(each)) ? 'never' : 'later';
}
