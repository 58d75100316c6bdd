import type { Change } from '@aws-sdk/client-route-53';

/** A TXT record set as Route 53 has it. */
export interface TxtRecordSet {
  readonly recordName: string;
  /** Seconds. */
  readonly ttl: number;
  /** Quoted; other clients' values may have several strings and escapes. */
  readonly values: readonly string[];
}

/** What we want at one name: `values` are unquoted. */
export interface ChallengeValues {
  readonly recordName: string;
  readonly values: readonly string[];
}

/** What turns a record set into another one, and what is there afterwards (`undefined`: no record set). */
export interface RecordSetChange {
  readonly changes: readonly Change[];
  readonly after: TxtRecordSet | undefined;
}

/**
 * How long resolvers may keep what they were told, in seconds. A CA's resolver that saw the record before our value
 * was in it is blind to the value for that long, and nobody else asks for the record, so a low one costs nothing.
 */
const CHALLENGE_TTL = 10;

/**
 * Adds our values to what is at the name. DELETE needs the exact record set that is there, and a batch is done as a
 * whole or not at all, so DELETE and CREATE in one batch are a compare-and-swap: another client's value that we didn't
 * know of makes Route 53 refuse it. Values that are there already are written once more, because a caller needs a
 * change to wait for. The TTL of what is there stays: its owner may know it and need it for its own DELETE.
 */
export function addValues(wanted: ChallengeValues, before: TxtRecordSet | undefined): RecordSetChange {
  const after = {
    recordName: wanted.recordName,
    ttl: before?.ttl ?? CHALLENGE_TTL,
    values: [...new Set([...(before?.values ?? []), ...wanted.values.map(quoted)])],
  };
  return { changes: [...(before ? [change('DELETE', before)] : []), change('CREATE', after)], after };
}

/** Takes our values, and only those, away from what is at the name; no changes when none of them is there. */
export function removeValues(unwanted: ChallengeValues, before: TxtRecordSet | undefined): RecordSetChange {
  const ours = unwanted.values.map(quoted);
  const kept = before?.values.filter((value) => !ours.includes(value)) ?? [];
  if (!before || kept.length === before.values.length) return { changes: [], after: before };
  if (kept.length === 0) return { changes: [change('DELETE', before)], after: undefined };
  const after = { ...before, values: kept };
  return { changes: [change('DELETE', before), change('CREATE', after)], after };
}

/** What the name holds if nobody but us has written there. */
export function ownRecordSet({ recordName, values }: ChallengeValues): TxtRecordSet {
  return { recordName, ttl: CHALLENGE_TTL, values: values.map(quoted) };
}

/** https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html#limits-api-requests-changeresourcerecordsets */
const MOST_RECORDS_PER_BATCH = 1_000;
const MOST_CHARACTERS_PER_BATCH = 32_000;

/** Whether Route 53 takes the changes in one batch. */
export function fitOneBatch(changes: readonly Change[]): boolean {
  const values = changes.flatMap(({ ResourceRecordSet }) => ResourceRecordSet?.ResourceRecords ?? []);
  const characters = values.reduce((sum, { Value = '' }) => sum + Value.length, 0);
  return values.length <= MOST_RECORDS_PER_BATCH && characters <= MOST_CHARACTERS_PER_BATCH;
}

export function sameRecordSet(a: TxtRecordSet | undefined, b: TxtRecordSet | undefined): boolean {
  return (
    a?.ttl === b?.ttl && a?.values.length === b?.values.length && (a?.values ?? []).every((v) => b?.values.includes(v))
  );
}

function change(action: 'CREATE' | 'DELETE', { recordName, ttl, values }: TxtRecordSet): Change {
  return {
    Action: action,
    ResourceRecordSet: {
      Name: recordName,
      Type: 'TXT',
      TTL: ttl,
      ResourceRecords: values.map((value) => ({ Value: value })),
    },
  };
}

/** A digest is base64url, so nothing in it needs an escape. */
function quoted(value: string): string {
  return `"${value}"`;
}
