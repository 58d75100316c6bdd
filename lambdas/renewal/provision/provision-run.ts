import type { CertificateTargets } from '../ports/certificate-targets.ts';
import type { Clock } from '../ports/clock.ts';
import type { DeploymentAnswers } from '../ports/deployment-answers.ts';
import type { Log } from '../ports/log.ts';
import type { RenewalStarter } from '../ports/renewal-starter.ts';
import type { SecretVault } from '../ports/secret-vault.ts';
import type { RunFacts } from '../run.ts';

/** What `provision` needs of the world. It reads no certificate's value. */
export interface ProvisionPorts {
  readonly vault: SecretVault;
  readonly targets: Pick<CertificateTargets, 'find' | 'remove' | 'retag'>;
  readonly starter: RenewalStarter;
  readonly answers: DeploymentAnswers;
  readonly clock: Clock;
  readonly log: Log;
}

/** One request of CloudFormation; its id is the request's, so that a repeated event goes on with the same work. */
export interface ProvisionRun extends ProvisionPorts, RunFacts {
  /** When to answer at the latest; milliseconds since the epoch. */
  readonly deadline: number;
}
