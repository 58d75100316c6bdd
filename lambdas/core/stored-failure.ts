import * as z from 'zod/mini';
import { FAILURE_CODES, type FailureCode, type FailureDetails, RenewalFailure } from './failure.ts';
import { instantSchema } from './instant.ts';

/** Lambda stores error objects of at most 32 KB; characters, so that even four bytes each fit beside the message. */
const LONGEST_DETAILS = 4_000;

/**
 * What of a failure may be stored outside of Secrets Manager, in a durable execution's checkpoints for example: an
 * allowlist (docs/decisions/0002). Its stack and its cause are not in it: raw errors of clients carry requests' bodies.
 */
export interface StoredFailure {
  readonly message: string;
  /** JSON. */
  readonly data: string;
}

const text = z.optional(z.string());

/** What is not as it ought to be is left out by itself: the code and the sentence matter more. */
const orNothing = <S extends z.ZodMiniType>(schema: S) => z.catch(z.optional(schema), undefined);

const detailsSchema = z.object({
  problem: orNothing(
    z.object({
      type: z.string(),
      status: z.number(),
      detail: z.string(),
      url: z.string(),
      instance: text,
      subproblems: z.optional(z.array(z.object({ type: z.string(), detail: z.string(), identifier: text }))),
    }),
  ),
  aws: orNothing(z.object({ name: z.string(), operation: z.string(), requestId: text })),
  retryAt: orNothing(instantSchema),
  issuer: orNothing(z.string()),
  issuedAt: orNothing(instantSchema),
});

const dataSchema = z.object({
  code: z.enum(Object.keys(FAILURE_CODES) as FailureCode[]),
  retry: z.enum(['now', 'later', 'never']),
  details: detailsSchema,
});

export function toStoredFailure({ code, message, retry, details }: RenewalFailure): StoredFailure {
  return {
    message,
    data: JSON.stringify({ code, retry, details: shortened(details) }),
  };
}

/** The failure again; `undefined` when what is stored isn't one, or has a code that this version does not know. */
export function parseStoredFailure({ message, data }: StoredFailure): RenewalFailure | undefined {
  try {
    const { code, retry, details } = z.parse(dataSchema, JSON.parse(data));
    return new RenewalFailure(code, message, { retry, details: details as FailureDetails });
  } catch {
    return undefined;
  }
}

/** The problem's parts go first, then the problem: when to try again is needed most. */
function shortened(details: FailureDetails): FailureDetails {
  if (JSON.stringify(details).length <= LONGEST_DETAILS) return details;
  const { problem, ...rest } = details;
  const { subproblems: _parts, ...whole } = problem ?? { type: '', status: 0, detail: '', url: '' };
  const without = { ...rest, problem: whole };
  return JSON.stringify(without).length <= LONGEST_DETAILS ? without : rest;
}
