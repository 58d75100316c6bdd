import type { KnownCas } from '../acme/known-ca.ts';
import type { Order } from '../acme/order.ts';
import type { Settings } from '../core/settings.ts';
import type { Pending } from './claim/pending.ts';
import type { OpenIssuer } from './issuer/issuer.ts';
import type { CertificateTargets } from './ports/certificate-targets.ts';
import type { ChallengeRecords } from './ports/challenge-records.ts';
import type { Clock } from './ports/clock.ts';
import type { Log } from './ports/log.ts';
import type { PublicDns } from './ports/public-dns.ts';
import type { SecretDescription, SecretVault } from './ports/secret-vault.ts';
import type { TxtLookup } from './ports/txt-lookup.ts';
import { rememberVersions } from './remember-versions.ts';

/** What `renew` needs of the world. */
export interface RenewalPorts {
  readonly vault: SecretVault;
  readonly records: ChallengeRecords;
  readonly lookup: TxtLookup;
  readonly dns: PublicDns;
  readonly targets: CertificateTargets;
  readonly clock: Clock;
  readonly log: Log;
}

/** The ports, and what the run has learned so far. */
export interface Run extends RenewalPorts, RunFacts {}

/** What an issuer is opened with: `provision` does that as well, and has fewer ports. */
export type IssuerRun = Pick<RenewalPorts, 'vault' | 'clock' | 'log'> & RunFacts;

export interface RunFacts {
  readonly settings: Settings;
  /**
   * Names the run in claims. The same for everything that goes on with the same work: a repeated invocation of the
   * same event, a replay of the same durable execution.
   */
  readonly id: string;
  readonly known: Known;
  /** Whether the process has a later invocation: Lambda thaws with it what this one has left, and that must do nothing more. */
  readonly invocation: { isOver: boolean };
  /** What the process knows of CAs, whichever run has asked them. */
  readonly cas: KnownCas;
}

/**
 * What need not be asked again in one process, as long as the run goes on in no other. Nothing depends on it: a run that goes on elsewhere starts with
 * nothing and asks.
 */
export interface Known {
  /** By name. */
  readonly issuers: Map<string, Promise<OpenIssuer>>;
  readonly issuerSecrets: Map<string, Promise<SecretDescription>>;
  /** By URL, as last answered. */
  readonly orders: Map<string, Order>;
  /** By claim, as last written. */
  readonly pending: Map<string, Pending>;
  /** Claims that are this process's own: nobody else has written for them. */
  readonly claims: Set<string>;
}

/** For a run that has got on in another process: the order and the claim's pending version may be others by now. */
export function forgetProgress({ known }: Pick<RunFacts, 'known'>): void {
  known.orders.clear();
  known.pending.clear();
  known.claims.clear();
}

/** The same run in the next invocation, with what it knew; what is left of the one before notices that it is over. */
export function takeUp(run: Run): Run {
  run.invocation.isOver = true;
  const { issuers, issuerSecrets, orders, pending, claims } = run.known;
  const known: Known = {
    issuers: new Map(issuers),
    issuerSecrets: new Map(issuerSecrets),
    orders: new Map(orders),
    pending: new Map(pending),
    claims: new Set(claims),
  };
  return { ...run, known, invocation: { isOver: false } };
}

export function startRun<P extends Pick<RenewalPorts, 'vault'>>(
  ports: P,
  settings: Settings,
  id: string,
  cas: KnownCas = new Map(),
): P & RunFacts {
  const known: Known = {
    issuers: new Map(),
    issuerSecrets: new Map(),
    orders: new Map(),
    pending: new Map(),
    claims: new Set(),
  };
  return { ...ports, vault: rememberVersions(ports.vault), settings, id, known, cas, invocation: { isOver: false } };
}
