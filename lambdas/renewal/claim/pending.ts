import * as z from 'zod/mini';
import { instantSchema } from '../../core/instant.ts';
import { jsonObjectIn } from '../../core/json-text.ts';
import { KEY_TYPES } from '../../core/key-type.ts';

/**
 * The value of `ACME_PENDING`: the claim of one attempt, the next private key, and later the order with the TXT values
 * (decision 1).
 */
const roleSchema = z.optional(z.object({ roleArn: z.string(), externalId: z.optional(z.string()) }));

const zoneRecordSchema = z.object({
  recordName: z.string(),
  zoneId: z.string(),
  zoneName: z.string(),
  role: roleSchema,
  values: z.array(z.string()),
});

/** A hosted zone that challenges were answered in, and its delegation set. */
const foundZoneSchema = z.object({
  zoneId: z.string(),
  zoneName: z.string(),
  nameServers: z.array(z.string()),
  role: roleSchema,
});

export type FoundZone = z.output<typeof foundZoneSchema>;

const pendingSchema = z.object({
  /** Changes when an older run could misread a newer one's claim. */
  schema: z.literal(1),
  /** The live version that is being replaced. */
  generation: z.string(),
  attempt: z.int(),
  /** `Run.id`. */
  owner: z.string(),
  /** Milliseconds since the epoch. */
  leaseUntil: instantSchema,
  /** The id of the attempt's first version, which says who owns it. */
  claim: z.string(),
  /** The version of the spec that the attempt works from; empty for an adopted certificate. */
  spec: z.string(),
  key: z.enum(KEY_TYPES),
  /** PKCS#8 PEM of the next key; empty in a claim that only publishes the live pair. */
  privateKey: z.string(),
  /** Whether an order that an earlier attempt placed may be gone on with: it has the same key, and was not rejected. */
  resumes: z.boolean(),
  order: z.optional(
    z.object({
      url: z.string(),
      directoryUrl: z.string(),
      accountUrl: z.string(),
      /** The issuer that it was finalized at, and when it ends, if it says so (decision 7). */
      finalizedAt: z.optional(z.string()),
      mayIssueUntil: z.optional(instantSchema),
      /** When it was finalized, or first found `processing` by an attempt that went on with it. */
      processingSince: z.optional(instantSchema),
      fallback: z.optional(z.object({ short: z.string(), sentence: z.string() })),
    }),
  ),
  /** The last order of this generation that was given up, at which issuer, and when it was finalized, if it was (decision 7). */
  slow: z.optional(
    z.object({ issuer: z.string(), url: z.string(), since: z.optional(instantSchema), givenUpAt: instantSchema }),
  ),
  /** TXT values that this attempt publishes: stored before they are written. */
  records: z.array(zoneRecordSchema),
  /** TXT values that earlier attempts may have left. */
  leftovers: z.array(zoneRecordSchema),
  /** The zones of the last attempt, if it succeeded: the next one need not ask Route 53 for them (decision 6). */
  zones: z._default(z.array(foundZoneSchema), []),
});

export type Pending = z.output<typeof pendingSchema>;

/** What every version of evercert writes, so that others can tell how long a claim holds. */
const anyVersionSchema = z.object({ schema: z.int(), leaseUntil: instantSchema });

/** A claim of another version: its meaning is unknown but for the time until which it holds. */
export interface OtherVersion {
  readonly schema: number;
  readonly leaseUntil: number;
}

/** `undefined` when it is not ours to understand: damaged, or edited by hand. */
export function parsePending(text: string): Pending | OtherVersion | undefined {
  const value = jsonObjectIn(text);
  const pending = z.safeParse(pendingSchema, value);
  if (pending.success) return pending.data;
  const other = z.safeParse(anyVersionSchema, value);
  return other.success && other.data.schema !== 1 ? other.data : undefined;
}

export function isOtherVersion(pending: Pending | OtherVersion): pending is OtherVersion {
  return pending.schema !== 1;
}

export function pendingValue(pending: Pending): string {
  return JSON.stringify(pending);
}
