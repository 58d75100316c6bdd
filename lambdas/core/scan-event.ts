import * as z from 'zod/mini';
import { certificateNameSchema } from './certificate-name.ts';
import { parseInput } from './input.ts';

/** Each costs a request or two before anything starts; whoever wants more leaves the names out. */
const MOST_NAMES = 1_000;

/** What the schedule sends (`{}`), or a hand. */
const scanEventSchema = z.strictObject({
  /** Only these. */
  certificates: z.optional(z.array(certificateNameSchema).check(z.minLength(1), z.maxLength(MOST_NAMES))),
  /** Due or not, and in back-off or not. */
  force: z._default(z.boolean(), false),
  /** Decide, but start nothing, ask no CA and write nothing. */
  dryRun: z._default(z.boolean(), false),
});

export type ScanEvent = z.output<typeof scanEventSchema>;

/** Throws `invalid-input` with one sentence that names the field. */
export function parseScanEvent(input: unknown): ScanEvent {
  const event = parseInput(scanEventSchema, input, 'scan event');
  return event.certificates ? { ...event, certificates: [...new Set(event.certificates)] } : event;
}
