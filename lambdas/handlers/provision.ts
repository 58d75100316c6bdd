import { createAcmTargets } from '../aws/acm-targets.ts';
import { createAwsClients } from '../aws/clients.ts';
import { createCloudFormationAnswers } from '../aws/cloudformation-answers.ts';
import { createLambdaStarter } from '../aws/lambda-starter.ts';
import { createSecretVault } from '../aws/secret-vault.ts';
import { SECOND } from '../core/duration.ts';
import { THROTTLED } from '../core/metrics.ts';
import { settingsFromEnvironment } from '../core/settings.ts';
import type { ProvisionPorts } from '../renewal/provision/provision-run.ts';
import { provision, refuse } from '../renewal/provision.ts';
import { createEmit } from './metrics.ts';
import { type Context, deployedSurroundings, type Surroundings } from './surroundings.ts';

/** What the function works in; the sandbox may change more. */
export interface ProvisionSurroundings extends Surroundings {
  /** Whether CloudFormation, which is emulated then, may be answered at http URLs. */
  readonly allowHttpAnswers?: boolean;
}

type ProvisionContext = Pick<Context, 'getRemainingTimeInMillis'>;

/** For the answer, before Lambda stops the function. */
const LAST_MOMENT = 30 * SECOND;

/**
 * The `provision` function: CloudFormation's requests for `Custom::AcmeIssuer` and `Custom::AcmeCertificate`. Its answer
 * goes to the request's URL, also when the environment can't be read. Throws when that is impossible, so that Lambda
 * repeats the event.
 */
export function createProvision(
  surroundings: ProvisionSurroundings,
): (event: unknown, context: ProvisionContext) => Promise<void> {
  const { clock, log, allowHttpAnswers = false } = surroundings;
  const answers = createCloudFormationAnswers({ clock, allowHttp: allowHttpAnswers });
  try {
    return answering({ ...surroundings, answers });
  } catch (error) {
    return (event) => refuse(event, error, { answers, log });
  }
}

/** Throws when the environment can't be read. */
function answering({
  answers,
  ...surroundings
}: Surroundings & Pick<ProvisionPorts, 'answers'>): ReturnType<typeof createProvision> {
  const { environment, clock, log } = surroundings;
  const settings = settingsFromEnvironment(environment);
  // Of metrics it has this one alone: a failed issuance is its renewal's failure, and a refused start fails the deployment.
  const emit = createEmit(settings.renewer, surroundings);
  const clients = createAwsClients({ clock, log, onThrottled: () => emit(THROTTLED) });
  const ports: ProvisionPorts = {
    vault: createSecretVault(clients.secretsManager, { ...settings, clock }),
    targets: createAcmTargets(clients.acm),
    starter: createLambdaStarter(clients.lambda, settings.renewFunction, { durable: settings.execution === 'durable' }),
    answers,
    clock,
    log,
  };
  return async (event, context) => {
    let timer: NodeJS.Timeout | undefined;
    // Real time, because Lambda's is.
    const overdue = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, context.getRemainingTimeInMillis() - LAST_MOMENT)).unref();
    });
    try {
      await provision(event, settings, ports, overdue);
    } finally {
      clearTimeout(timer);
    }
  };
}

let deployed: ReturnType<typeof createProvision> | undefined;

export const handler = (event: unknown, context: ProvisionContext): Promise<void> => {
  deployed ??= createProvision(deployedSurroundings('evercert-provision'));
  return deployed(event, context);
};
