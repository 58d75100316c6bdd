import { createAcmTargets } from '../aws/acm-targets.ts';
import { createAwsClients } from '../aws/clients.ts';
import { createCloudFormationAnswers } from '../aws/cloudformation-answers.ts';
import { createLambdaStarter } from '../aws/lambda-starter.ts';
import { createSecretVault } from '../aws/secret-vault.ts';
import { SECOND } from '../core/duration.ts';
import { THROTTLED } from '../core/metrics.ts';
import { allowsHttpAnswers, settingsFromEnvironment } from '../core/settings.ts';
import { systemClock } from '../renewal/ports/clock.ts';
import type { ProvisionPorts } from '../renewal/provision/provision-run.ts';
import { provision, refuse } from '../renewal/provision.ts';
import { powertoolsLog } from './log.ts';
import { createEmit, printLine } from './metrics.ts';
import type { Surroundings } from './renew.ts';

/** What we use of the context that Lambda passes (docs: nodejs-context). */
export interface ProvisionContext {
  getRemainingTimeInMillis(): number;
}

/** For the answer, before Lambda stops the function. */
const LAST_MOMENT = 30 * SECOND;

/**
 * The `provision` function: CloudFormation's requests for `Custom::AcmeIssuer` and `Custom::AcmeCertificate`. Its answer
 * goes to the request's URL, also when the environment can't be read. Throws when that is impossible, so that Lambda
 * repeats the event.
 */
export function createProvision(
  surroundings: Pick<Surroundings, 'environment' | 'clock' | 'log' | 'print'>,
): (event: unknown, context: ProvisionContext) => Promise<void> {
  const { environment, clock, log } = surroundings;
  const answers = createCloudFormationAnswers({ clock, allowHttp: allowsHttpAnswers(environment) });
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
}: Parameters<typeof createProvision>[0] & Pick<ProvisionPorts, 'answers'>): ReturnType<typeof createProvision> {
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
  deployed ??= createProvision({
    environment: process.env,
    clock: systemClock,
    log: powertoolsLog('evercert-provision'),
    print: printLine,
  });
  return deployed(event, context);
};
