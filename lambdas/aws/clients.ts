import { ACMClient } from '@aws-sdk/client-acm';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { Route53Client } from '@aws-sdk/client-route-53';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../renewal/ports/clock.ts';
import type { Log } from '../renewal/ports/log.ts';
import { repeatCalls } from './retry.ts';

/** Real time: a socket that says nothing is no matter for the clock of a simulation. Milliseconds. */
const SOCKETS = { connectionTimeout: 5_000, requestTimeout: 20_000, throwOnRequestTimeout: true };

export interface AwsClients {
  readonly route53: Route53Client;
  readonly secretsManager: SecretsManagerClient;
  readonly lambda: LambdaClient;
  /** One client per region, made when it is first asked for. */
  acm(region: string): ACMClient;
  /** Closes their sockets. */
  destroy(): void;
}

/**
 * The clients of every AWS service that we call. Region, credentials and endpoints come from the environment alone
 * (`AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_ROUTE_53` and so on):
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 *
 * They repeat what is worth repeating (`retry.ts`), sleeping on `clock`.
 */
export function createAwsClients(options: {
  readonly clock: Clock;
  readonly random?: () => number;
  readonly log?: Log;
}): AwsClients {
  const { clock, random = Math.random, log } = options;
  const configuration = { requestHandler: SOCKETS };
  const acmByRegion = new Map<string, ACMClient>();
  const route53 = new Route53Client(configuration);
  const secretsManager = new SecretsManagerClient(configuration);
  const lambda = new LambdaClient(configuration);
  for (const client of [route53, secretsManager, lambda]) repeatCalls(client, { clock, random, log });
  return {
    route53,
    secretsManager,
    lambda,
    acm(region) {
      const known = acmByRegion.get(region);
      if (known) return known;
      const client = new ACMClient({ ...configuration, region });
      repeatCalls(client, { clock, random, log });
      acmByRegion.set(region, client);
      return client;
    },
    destroy() {
      for (const client of [route53, secretsManager, lambda, ...acmByRegion.values()]) client.destroy();
    },
  };
}
