import * as z from 'zod/mini';
import { DAY } from './duration.ts';
import { instantSchema } from './instant.ts';
import { REVOCATION_REASONS, type RevocationReason } from './revocation-reason.ts';

const revocationSchema = z.object({
  /** The version of the secret that holds the pair. */
  version: z.string(),
  serialNumber: z.string(),
  /** SHA-256 of the public key, hex: it is never used again. */
  key: z.string(),
  reason: z.enum(Object.keys(REVOCATION_REASONS) as RevocationReason[]),
  /** Whether it is revoked before there is another one. */
  immediate: z.boolean(),
  /** Whose account ordered it. */
  issuer: z.string(),
  /** `Run.id` of who asked. */
  by: z.string(),
  /** Milliseconds since the epoch. */
  at: instantSchema,
  notAfter: instantSchema,
  /** The leaf, PEM; gone when it has been revoked. */
  certificate: z.optional(z.string()),
});

/** One certificate that somebody wants revoked, or that was. Plain data without the private key. */
export type Revocation = z.output<typeof revocationSchema>;

const recordSchema = z.object({ revocations: z.array(revocationSchema) });

/** More than a certificate sees in its life; a hundred keys fit a secret's value many times. */
const MOST = 100;

/** Somebody who asks again within this time repeats himself, unless he names the certificate. */
const REPETITION = DAY;

/** The value of `ACME_REVOKED` (decision 8), the newest first; `undefined` when it can't be read. */
export function parseRevocations(text: string): readonly Revocation[] | undefined {
  try {
    return z.parse(recordSchema, JSON.parse(text)).revocations;
  } catch {
    return undefined;
  }
}

export function revocationsValue(revocations: readonly Revocation[]): string {
  return JSON.stringify({ revocations: revocations.slice(0, MOST) });
}

/** The record with one more; `done` says whether all that it has been asked for before is over. */
export function withRevocation(
  revocations: readonly Revocation[],
  added: Revocation,
  done: boolean,
): readonly Revocation[] {
  return [added, ...(done ? revocations.map(({ certificate: _done, ...rest }) => rest) : revocations)];
}

/** Whether a wish that names no certificate is the one before once more. */
export function isRepetition(revocations: readonly Revocation[], now: number): boolean {
  const [last] = revocations;
  return last !== undefined && now < last.at + REPETITION;
}
