import { certificateName } from '../core/certificate-name.ts';
import { type CertificateTags, RENEWER_TAG, readCertificateTags } from '../core/certificate-tags.ts';
import { type Decision, dueFromMetadata } from '../core/due.ts';
import { messageOf } from '../core/failure.ts';
import { isoInstant } from '../core/instant.ts';
import type { NamedValidity, ScanFacts } from '../core/metrics.ts';
import type { ScannedCertificate, ScanResult } from '../core/outcome.ts';
import type { PrivateCa } from '../core/private-ca.ts';
import type { ScanEvent } from '../core/scan-event.ts';
import type { Settings } from '../core/settings.ts';
import { describeCertificate } from './certificate/find-certificate.ts';
import type { Clock } from './ports/clock.ts';
import type { Log } from './ports/log.ts';
import type { RenewalStarter } from './ports/renewal-starter.ts';
import type { SecretDescription, SecretVault } from './ports/secret-vault.ts';
import { executionName } from './scan/execution-name.ts';
import { inParallel } from './scan/in-parallel.ts';
import { createPace, type Pace } from './scan/pace.ts';
import { type AskingPorts, questionFor, withSuggestion } from './scan/renewal-info.ts';
import { countedOrders, type StartBudget, startBudget, WAIT_FOR_BUDGET } from './scan/start-budget.ts';

/** What `scan` needs of the world. It reads no secret's value. */
export interface ScanPorts {
  readonly vault: SecretVault;
  readonly starter: RenewalStarter;
  /** Names this scan; the same when Lambda delivers its event again. */
  readonly id: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How an issuer's CA is reached for renewal information, if not like a public one. */
  readonly privateCa: (issuer: string) => PrivateCa | undefined;
}

/** The result, and what metrics are made of. */
export interface Scan {
  readonly result: ScanResult;
  readonly facts: ScanFacts;
}

/**
 * Each answer is stored as tags, of which Secrets Manager takes fifty writes a second
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html); the others are everybody else's.
 */
const RENEWAL_INFO_PER_MINUTE = 2_400;

/** Within one scan. */
type PacedPorts = ScanPorts & AskingPorts & { readonly pace: Pace };

const NO_TIME_LEFT = 'a later scan starts it, because no more fit into this one at startsPerMinute';

/** Starts and renewal-information requests at the same time: far below Lambda's and the CAs' limits. */
const AT_ONCE = 20;

/**
 * Looks at every managed certificate's metadata and starts `renew` for each one that is due. One certificate's failure
 * never stops the others; it is in the result and in the log.
 *
 * Throws when the list itself can't be had, and `unknown-certificate` for a name that isn't there, before anything has
 * been started.
 */
export async function scan(event: ScanEvent, settings: Settings, ports: ScanPorts): Promise<Scan> {
  const orders: number[] = [];
  const found: Found[] = [];
  const validities: NamedValidity[] = [];
  for await (const { tags: text, ...secret } of await find(event.certificates, settings, ports)) {
    const tags = readCertificateTags(text);
    orders.push(...countedOrders(tags));
    validities.push(...validityOf(secret, tags, settings));
    found.push(waitsAnyway(secret, tags, event, settings, ports.clock.now()) ?? { secret, tags });
  }
  const budget = startBudget(orders, ports.clock.now());
  const pace = createPace(settings.startsPerMinute, ports.clock);
  // A connection for each request would cost a handshake, and stay open.
  const turnToAsk = createPace(RENEWAL_INFO_PER_MINUTE, ports.clock);
  const paced = { ...ports, pace, turnToAsk, transports: new Map() };
  const certificates = await inParallel(found.sort(byUrgency), AT_ONCE, async (each) =>
    'secret' in each ? scanOne(each, event, settings, budget, paced) : each,
  );
  const count = (decision: ScannedCertificate['decision']) =>
    certificates.filter((each) => each.decision === decision).length;
  const started = event.dryRun ? 0 : count('start');
  const result = {
    scanned: certificates.length,
    due: count('start') + count('failed'),
    started,
    failed: count('failed'),
    certificates,
  };
  const { certificates: _each, ...totals } = result;
  ports.log.info('scanned', totals);
  return { result, facts: { validities, failed: result.failed, complete: event.certificates === undefined } };
}

/** Of the live pair, as the tags say. */
function validityOf(
  { name }: Listed,
  { notBefore, notAfter }: CertificateTags,
  { prefix }: Settings,
): readonly NamedValidity[] {
  if (notBefore === undefined || notAfter === undefined) return [];
  return [{ name: certificateName(prefix, name), notBefore, notAfter }];
}

async function find(
  names: readonly string[] | undefined,
  settings: Settings,
  ports: ScanPorts,
): Promise<AsyncIterable<SecretDescription> | readonly SecretDescription[]> {
  if (!names) return ports.vault.list(RENEWER_TAG, settings.renewer);
  // All of them first: an unknown name starts nothing.
  return Promise.all(names.map((name) => describeCertificate(name, ports, settings)));
}

/** What is still to be looked at, or what will be said of it in any case. */
type Found = Candidate | ScannedCertificate;

/** A secret without the text of its tags. */
type Listed = Omit<SecretDescription, 'tags'>;

interface Candidate {
  readonly secret: Listed;
  readonly tags: CertificateTags;
}

/** What ends first comes first: not all may fit into one scan. What serves nobody yet comes after what does. */
function byUrgency(one: Found, other: Found): number {
  return endOf(one) - endOf(other);
}

function endOf(found: Found): number {
  return 'secret' in found ? (found.tags.notAfter ?? Number.MAX_SAFE_INTEGER) : Number.MAX_VALUE;
}

/**
 * Most certificates neither are due nor have to ask their CA. Of these only the result is kept: the metadata of ten thousand
 * would take most of the function's memory.
 */
function waitsAnyway(
  secret: Listed,
  tags: CertificateTags,
  event: ScanEvent,
  settings: Settings,
  now: number,
): ScannedCertificate | undefined {
  if (questionFor(tags, secret, event, now)) return undefined;
  const { action, reason } = dueFromMetadata({ tags, stages: secret.stages }, now, event.force);
  return action === 'wait' ? scanned(secret, tags, settings, { decision: 'wait', reason }) : undefined;
}

async function scanOne(
  { secret, tags: listed }: Candidate,
  event: ScanEvent,
  settings: Settings,
  budget: StartBudget,
  ports: PacedPorts,
): Promise<ScannedCertificate> {
  const tags = await withSuggestion(listed, secret, event, ports);
  const due = dueFromMetadata({ tags, stages: secret.stages }, ports.clock.now(), event.force);
  const decision = due.action !== 'wait' && !budget.take(tags) ? WAIT_FOR_BUDGET : due;
  const name = certificateName(settings.prefix, secret.name);
  return scanned(secret, tags, settings, await act(name, decision, secret, event, ports));
}

function scanned(
  secret: Listed,
  tags: CertificateTags,
  settings: Settings,
  outcome: Pick<ScannedCertificate, 'decision' | 'reason'>,
): ScannedCertificate {
  return {
    name: certificateName(settings.prefix, secret.name),
    state: tags.state ?? 'unknown',
    ...(tags.notAfter === undefined ? {} : { notAfter: isoInstant(tags.notAfter) }),
    ...(tags.renewAt === undefined ? {} : { renewAt: isoInstant(tags.renewAt) }),
    ...outcome,
  };
}

async function act(
  name: string,
  { action, reason }: Decision,
  secret: Listed,
  event: ScanEvent,
  { starter, id, log, pace }: PacedPorts,
): Promise<Pick<ScannedCertificate, 'decision' | 'reason'>> {
  if (action === 'wait') return { decision: 'wait', reason };
  if (event.dryRun) return { decision: 'start', reason };
  if (!(await pace())) return { decision: 'wait', reason: `${reason}; ${NO_TIME_LEFT}` };
  try {
    await starter.start({ certificate: secret.arn, force: event.force }, executionName(id, secret.arn));
    log.info('renewal started', { certificate: name, reason });
    return { decision: 'start', reason };
  } catch (error) {
    log.error('renewal could not be started', { certificate: name, reason, problem: messageOf(error) });
    return { decision: 'failed', reason: `${reason}; it could not be started: ${messageOf(error)}` };
  }
}
