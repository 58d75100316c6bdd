import { createLambdaClient, createSecretsManagerClient } from '../aws/clients.ts';
import { createLambdaStarter } from '../aws/lambda-starter.ts';
import { createSecretVault } from '../aws/secret-vault.ts';
import { scanMetrics, THROTTLED } from '../core/metrics.ts';
import type { ScanResult } from '../core/outcome.ts';
import { parseScanEvent } from '../core/scan-event.ts';
import { settingsFromEnvironment } from '../core/settings.ts';
import { scan } from '../renewal/scan.ts';
import { createEmit } from './metrics.ts';
import { readPrivateCa } from './private-cas.ts';
import { type Context, deployedSurroundings, type Surroundings } from './surroundings.ts';

/**
 * The `scan` function. Event: `{}` or `{"certificates": ["name"], "force": true, "dryRun": true}`; result:
 * `ScanResult`. Throws when nothing could be scanned or a name is unknown.
 */
export function createScan(
  surroundings: Surroundings,
): (event: unknown, context: Pick<Context, 'awsRequestId'>) => Promise<ScanResult> {
  const { environment, clock, log } = surroundings;
  const settings = settingsFromEnvironment(environment);
  const { privateCaFolder } = settings;
  const emit = createEmit(settings.renewer, surroundings);
  const repeating = { clock, log, onThrottled: () => emit(THROTTLED) };
  const ports = {
    vault: createSecretVault(createSecretsManagerClient(repeating), { clock }),
    starter: createLambdaStarter(createLambdaClient(repeating), settings.renewFunction, {
      durable: settings.execution === 'durable',
    }),
    clock,
    log,
    privateCa: (issuer: string) =>
      privateCaFolder === undefined ? undefined : readPrivateCa(privateCaFolder, issuer, log),
  };
  return async (input, { awsRequestId: id }) => {
    const { result, facts } = await scan(parseScanEvent(input), settings, { ...ports, id });
    scanMetrics(facts, clock.now(), { perCertificate: settings.certificateMetrics }).forEach(emit);
    return result;
  };
}

let deployed: ReturnType<typeof createScan> | undefined;

export const handler = (event: unknown, context: Context): Promise<ScanResult> => {
  deployed ??= createScan(deployedSurroundings('evercert-scan'));
  return deployed(event, context);
};
