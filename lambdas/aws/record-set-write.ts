import { type Change, ChangeResourceRecordSetsCommand, type Route53Client } from '@aws-sdk/client-route-53';
import { RenewalFailure } from '../core/failure.ts';
import type { Clock } from '../renewal/ports/clock.ts';
import { awsErrorName, awsMessage, call } from './call.ts';
import { bareId } from './hosted-zones.ts';
import {
  type ChallengeValues,
  fitOneBatch,
  type RecordSetChange,
  sameRecordSet,
  type TxtRecordSet,
} from './record-set-change.ts';
import { readName } from './record-set-read.ts';

/** What shall change in one zone. */
export interface ZoneWrite {
  readonly zoneId: string;
  readonly zoneName: string;
  /** Canonical names, each once. */
  readonly names: readonly ChallengeValues[];
  readonly edit: (values: ChallengeValues, before: TxtRecordSet | undefined) => RecordSetChange;
  /** Whether the names must be able to hold a TXT record set; otherwise what stands in its way is left alone. */
  readonly expectWritable: boolean;
}

/** By name; names without a TXT record set are not in it. */
export type RecordSetsByName = ReadonlyMap<string, TxtRecordSet>;

/** A batch that Route 53 accepted, and what it left behind. */
export interface AcceptedBatch {
  readonly changeId: string;
  readonly recordSets: readonly TxtRecordSet[];
}

export interface WriteContext {
  readonly client: Route53Client;
  readonly clock: Clock;
  /** From 0 to 1; spreads clients that collided. */
  readonly random: () => number;
}

/** Other clients may win this often before we give up; with the waits between, after a minute or so. */
const MOST_COLLISIONS = 20;
const FIRST_WAIT = 250;
const LONGEST_WAIT = 5_000;

/** How often Route 53 may refuse a batch that agrees with what is there: somebody may have come and gone meanwhile. */
const MOST_UNEXPLAINED = 2;

/**
 * Compare-and-swap of the TXT record sets of one zone, against what we believe is there. When that is right, it costs
 * one request. When Route 53 refuses the batch, what is there is read and the edit repeated on that; so an answer that
 * was lost needs no case of its own. Gives no batch when nothing is left to change, and more than one only when one
 * can't hold all changes.
 *
 * Throws `dns-change-refused` when something else than another client's write stands in the way.
 */
export async function writeRecordSets(
  write: ZoneWrite,
  believed: RecordSetsByName,
  context: WriteContext,
): Promise<readonly AcceptedBatch[]> {
  let held = believed;
  let unexplained = 0;
  for (let collisions = 0; ; collisions += 1) {
    const edits = write.names.map((values) => write.edit(values, held.get(values.recordName)));
    const changes = edits.flatMap((edit) => edit.changes);
    if (changes.length === 0) return [];
    if (!fitOneBatch(changes) && write.names.length > 1) return writeHalves(write, held, context);

    const answer = await send(write, changes, context);
    if ('changeId' in answer) return [{ ...answer, recordSets: edits.flatMap(({ after }) => after ?? []) }];
    const { refusal } = answer;
    if (collisions === MOST_COLLISIONS)
      throw refused(write, refusal, 'Other clients keep writing them at the same time');

    // The first refusal is most often about a value that just stays there: nothing to wait for, and few names to read.
    if (collisions > 0) await context.clock.sleep(jitteredWait(collisions, context));
    const found = await readNames(write, collisions === 0 ? mentioned(write.names, refusal) : write.names, context);
    const agrees = [...found].every(([name, recordSet]) => sameRecordSet(recordSet, held.get(name)));
    unexplained = agrees ? unexplained + 1 : 0;
    if (unexplained === MOST_UNEXPLAINED) throw refused(write, refusal, 'No other client has changed them meanwhile');
    held = merge(held, found);
  }
}

/** One after the other: a zone takes one batch at a time. */
async function writeHalves(
  write: ZoneWrite,
  held: RecordSetsByName,
  context: WriteContext,
): Promise<readonly AcceptedBatch[]> {
  const middle = Math.ceil(write.names.length / 2);
  const first = await writeRecordSets({ ...write, names: write.names.slice(0, middle) }, held, context);
  const second = await writeRecordSets({ ...write, names: write.names.slice(middle) }, held, context);
  return [...first, ...second];
}

async function send(
  write: ZoneWrite,
  changes: readonly Change[],
  { client }: WriteContext,
): Promise<{ readonly changeId: string } | { readonly refusal: unknown }> {
  const command = new ChangeResourceRecordSetsCommand({
    HostedZoneId: write.zoneId,
    ChangeBatch: { Comment: 'evercert: DNS-01 challenge', Changes: [...changes] },
  });
  try {
    const { ChangeInfo } = await call('route53:ChangeResourceRecordSets', zoneOf(write), () => client.send(command));
    return { changeId: bareId(ChangeInfo?.Id ?? '') };
  } catch (error) {
    if (awsErrorName(error) === 'InvalidChangeBatch') return { refusal: error };
    throw error;
  }
}

/** One after the other: a certificate with a hundred names must not empty the account's bucket of requests. */
async function readNames(
  write: ZoneWrite,
  names: readonly ChallengeValues[],
  { client }: WriteContext,
): Promise<ReadonlyMap<string, TxtRecordSet | undefined>> {
  const found = new Map<string, TxtRecordSet | undefined>();
  for (const { recordName } of names) {
    const { txt, obstacle } = await readName(client, write.zoneId, recordName);
    if (obstacle && write.expectWritable) {
      throw new RenewalFailure('dns-change-refused', `${recordName} in ${zoneOf(write)} ${obstacle}.`);
    }
    found.set(recordName, txt);
  }
  return found;
}

/**
 * The names that a refusal is about, or all when it names none of them. AWS may change its words at any time, so only
 * the number of requests depends on them.
 */
function mentioned(names: readonly ChallengeValues[], refusal: unknown): readonly ChallengeValues[] {
  const words = awsMessage(refusal).toLowerCase();
  const some = names.filter(({ recordName }) => words.includes(`${recordName}.`));
  return some.length > 0 ? some : names;
}

function merge(held: RecordSetsByName, found: ReadonlyMap<string, TxtRecordSet | undefined>): RecordSetsByName {
  const merged = new Map(held);
  for (const [name, recordSet] of found) {
    if (recordSet) merged.set(name, recordSet);
    else merged.delete(name);
  }
  return merged;
}

function jitteredWait(collisions: number, { random }: WriteContext): number {
  return random() * Math.min(FIRST_WAIT * 2 ** collisions, LONGEST_WAIT);
}

function refused(write: ZoneWrite, refusal: unknown, why: string): RenewalFailure {
  const names = write.names.map(({ recordName }) => recordName);
  const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');
  return new RenewalFailure(
    'dns-change-refused',
    `Route 53 keeps refusing to change ${shown} in ${zoneOf(write)}: ${awsMessage(refusal)}. ${why}: look at these records, and for a protection of them with aws route53 list-resource-record-set-protections.`,
    { cause: refusal, details: refusal instanceof RenewalFailure ? refusal.details : {} },
  );
}

function zoneOf({ zoneId, zoneName }: ZoneWrite): string {
  return `zone ${zoneName} (${zoneId})`;
}
