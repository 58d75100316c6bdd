import { isRenewalFailure, type ProblemDetails } from '../core/failure.ts';
import { printable } from '../core/printable.ts';

/** RFC 8555, section 6.7. */
const NAMESPACE = 'urn:ietf:params:acme:error:';

/** RFC 9457, section 4.2.1: a problem that has no type of its own. */
const UNTYPED = 'about:blank';

const LONGEST_DETAIL = 1_000;
const LONGEST_NAME = 300;
const MOST_SUBPROBLEMS = 20;

/** A page that ends a pause; its token is longer than other URLs. Boulder writes it into the detail (wfe2/wfe.go, NewOrder). */
export const PORTAL = /\bhttps:\/\/[\w.-]{1,253}(?::\d{1,5})?\/[\w./-]{0,100}unpause\?[\w.=&~%-]{1,1500}/;

/**
 * The short type of the CA's problem, such as `rateLimited`, when an error carries a problem document of ACME's;
 * `undefined` for everything else.
 */
export function problemType(error: unknown): string | undefined {
  return isRenewalFailure(error) ? shortType(error.details.problem?.type) : undefined;
}

/** `urn:ietf:params:acme:error:rateLimited` -> `rateLimited`. */
export function shortType(type: string | undefined): string | undefined {
  return type?.startsWith(NAMESPACE) ? type.slice(NAMESPACE.length) : undefined;
}

/** A problem document (RFC 9457), capped and made printable; `undefined` when `document` is none. */
export function parseProblem(
  document: unknown,
  from: { readonly url: string; readonly status: number },
): ProblemDetails | undefined {
  if (!isObject(document)) return undefined;
  const { type, detail, title, status, subproblems } = document;
  if (typeof type !== 'string' && typeof detail !== 'string') return undefined;
  const subs = Array.isArray(subproblems) ? subproblems.slice(0, MOST_SUBPROBLEMS).flatMap(parseSubproblem) : [];
  return {
    type: name(type) ?? UNTYPED,
    status: typeof status === 'number' && Number.isInteger(status) ? status : from.status,
    detail: printable(text(detail) ?? text(title) ?? '', LONGEST_DETAIL),
    url: printable(from.url, LONGEST_NAME),
    ...instanceOf(document),
    ...(subs.length > 0 ? { subproblems: subs } : {}),
  };
}

function instanceOf({ instance, detail }: Record<string, unknown>): Pick<ProblemDetails, 'instance'> {
  const portal = PORTAL.exec(text(detail) ?? '')?.[0];
  if (portal !== undefined) return { instance: portal };
  return typeof instance === 'string' ? { instance: printable(instance, LONGEST_NAME) } : {};
}

/** What is known of an error without a problem document, in the shape of one. */
export function untypedProblem(
  detail: string,
  from: { readonly url: string; readonly status: number },
): ProblemDetails {
  return {
    type: UNTYPED,
    status: from.status,
    detail: printable(detail, LONGEST_DETAIL),
    url: printable(from.url, LONGEST_NAME),
  };
}

/** RFC 8555, section 6.7.1. */
function parseSubproblem(document: unknown): NonNullable<ProblemDetails['subproblems']>[number][] {
  if (!isObject(document)) return [];
  const { type, detail, identifier } = document;
  const value = isObject(identifier) ? name(identifier['value']) : undefined;
  return [
    {
      type: name(type) ?? UNTYPED,
      detail: printable(text(detail) ?? '', LONGEST_DETAIL),
      ...(value === undefined ? {} : { identifier: value }),
    },
  ];
}

function name(value: unknown): string | undefined {
  return typeof value === 'string' ? printable(value, LONGEST_NAME) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
