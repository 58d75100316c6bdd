import * as z from 'zod/mini';
import { FAILURE_CODES, type FailureCode, type FailureDetails, RenewalFailure } from './failure.ts';

/** Lambda stores error objects of at most 32 KB; characters, so that even four bytes each fit. */
const LONGEST_MESSAGE = 4_000;
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

const dataSchema = z.object({
  code: z.enum(Object.keys(FAILURE_CODES) as FailureCode[]),
  retry: z.enum(['now', 'later', 'never']),
  details: z.custom<FailureDetails>((value) => typeof value === 'object' && value !== null),
});

export function storeFailure({ code, message, retry, details }: RenewalFailure): StoredFailure {
  return {
    message: message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)} …` : message,
    data: JSON.stringify({ code, retry, details: shortened(details) }),
  };
}

/** The failure again; `undefined` when what is stored isn't one, or has a code that this version does not know. */
export function parseStoredFailure({ message, data }: StoredFailure): RenewalFailure | undefined {
  try {
    const { code, retry, details } = z.parse(dataSchema, JSON.parse(data));
    return new RenewalFailure(code, message, { retry, details });
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
