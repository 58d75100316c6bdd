import { createAcmTargets } from '../aws/acm-targets.ts';
import { createAwsClients } from '../aws/clients.ts';
import { createRoute53Records } from '../aws/route53-records.ts';
import { createSecretVault } from '../aws/secret-vault.ts';
import { parseRenewEvent } from '../core/events.ts';
import type { RenewOutcome } from '../core/outcome.ts';
import { type Settings, settingsFromEnvironment } from '../core/settings.ts';
import { createAuthoritativeTxt } from '../dns/authoritative-txt.ts';
import { directSteps } from '../renewal/direct-steps.ts';
import { type Clock, systemClock } from '../renewal/ports/clock.ts';
import type { Log } from '../renewal/ports/log.ts';
import type { Steps } from '../renewal/ports/steps.ts';
import { renew } from '../renewal/renew.ts';
import { type RenewalPorts, startRun } from '../renewal/run.ts';
import type { Context } from './lambda-context.ts';
import { powertoolsLog } from './log.ts';

/** What is not read from the environment; the sandbox passes its own. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
  /** The implementation of `Steps` for one run; everything in one invocation when left out. */
  readonly steps?: (clock: Clock) => Steps;
}

/**
 * The `renew` function. Event: `{"certificate": "name", "force"?: true, "spec"?: {…}}`; result: `RenewOutcome`.
 * Failures are thrown, so that metrics, retries and alarms fire.
 */
export function createRenew({
  environment,
  clock,
  log,
  steps = directSteps,
}: Surroundings): (event: unknown, context: Context) => Promise<RenewOutcome> {
  const settings = settingsFromEnvironment(environment);
  return async (input, context) => {
    const event = parseRenewEvent(input);
    // Lambda repeats an asynchronous event under the same request id: the repetition goes on with its own claim.
    return renew(event, steps(clock), startRun(renewalPorts(settings, clock, log), settings, context.awsRequestId));
  };
}

/** Ports made of adapters, anew for each run: what an adapter remembers (hosted zones) belongs to one run. */
export function renewalPorts(settings: Settings, clock: Clock, log: Log): RenewalPorts {
  const clients = createAwsClients({ clock, log });
  const { dnsResolvers: resolvers, authoritativePort } = settings;
  return {
    vault: createSecretVault(clients.secretsManager),
    records: createRoute53Records(clients.route53, { clock }),
    lookup: createAuthoritativeTxt({ ...(resolvers.length > 0 ? { resolvers } : {}), authoritativePort }),
    targets: createAcmTargets(clients.acm),
    clock,
    log,
  };
}

let deployed: ReturnType<typeof createRenew> | undefined;

export const handler = (event: unknown, context: Context): Promise<RenewOutcome> => {
  deployed ??= createRenew({ environment: process.env, clock: systemClock, log: powertoolsLog('evercert-renew') });
  return deployed(event, context);
};
