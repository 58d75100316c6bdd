import type { Settings } from '../core/settings.ts';
import type { OpenIssuer } from './issuer.ts';
import type { CertificateTargets } from './ports/certificate-targets.ts';
import type { ChallengeRecords } from './ports/challenge-records.ts';
import type { Clock } from './ports/clock.ts';
import type { Log } from './ports/log.ts';
import type { SecretVault } from './ports/secret-vault.ts';
import type { TxtLookup } from './ports/txt-lookup.ts';
import { rememberVersions } from './remember-versions.ts';

/** What `renew` needs of the world. */
export interface RenewalPorts {
  readonly vault: SecretVault;
  readonly records: ChallengeRecords;
  readonly lookup: TxtLookup;
  readonly targets: CertificateTargets;
  readonly clock: Clock;
  readonly log: Log;
}

/** The ports, and what one run has learned already: versions that were read, issuers that were opened. */
export interface Run extends RenewalPorts {
  readonly settings: Settings;
  /**
   * Names the run in claims. The same for everything that goes on with the same work: a repeated invocation of the
   * same event, a replay of the same durable execution.
   */
  readonly id: string;
  readonly issuers: Map<string, Promise<OpenIssuer>>;
}

export function startRun(ports: RenewalPorts, settings: Settings, id: string): Run {
  return { ...ports, vault: rememberVersions(ports.vault), settings, id, issuers: new Map() };
}
