import * as z from 'zod/mini';

/** The last instant that JavaScript knows (ECMA-262, section 21.4.1.1): beyond it, nothing can be written as a date. */
const LAST = 8_640_000_000_000_000;

/** Milliseconds since the epoch, where they are read back from what is stored: somebody may have edited it. */
export const instantSchema = z.number().check(z.gte(-LAST), z.lte(LAST));

/** Milliseconds since the epoch as ISO 8601 in UTC, with milliseconds. */
export function isoInstant(instant: number): string {
  return new Date(instant).toISOString();
}
