import { ACMClient } from '@aws-sdk/client-acm';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { Route53Client } from '@aws-sdk/client-route-53';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { STSClient } from '@aws-sdk/client-sts';
import type { Clock } from '../renewal/ports/clock.ts';
import type { Log } from '../renewal/ports/log.ts';
import { repeatCalls } from './retry.ts';

/** Real time: a socket that says nothing is no matter for the clock of a simulation. Milliseconds. */
const SOCKETS = { connectionTimeout: 5_000, requestTimeout: 20_000, throwOnRequestTimeout: true };
export const CONFIGURATION = { requestHandler: SOCKETS };

export interface ClientOptions {
  /** What repetitions sleep on. */
  readonly clock: Clock;
  readonly random?: () => number;
  readonly log?: Log;
  /** Told of each call that is repeated because AWS throttled it. */
  readonly onThrottled?: () => void;
}

export interface AwsClients {
  readonly route53: Route53Client;
  readonly secretsManager: SecretsManagerClient;
  readonly lambda: LambdaClient;
  readonly sts: STSClient;
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
export function createAwsClients(options: ClientOptions): AwsClients {
  const acmByRegion = new Map<string, ACMClient>();
  const route53 = repeating(new Route53Client(CONFIGURATION), options);
  const secretsManager = createSecretsManagerClient(options);
  const lambda = createLambdaClient(options);
  const sts = repeating(new STSClient(CONFIGURATION), options);
  return {
    route53,
    secretsManager,
    lambda,
    sts,
    acm(region) {
      const client = acmByRegion.get(region) ?? repeating(new ACMClient({ ...CONFIGURATION, region }), options);
      acmByRegion.set(region, client);
      return client;
    },
    destroy() {
      for (const client of [route53, secretsManager, lambda, sts, ...acmByRegion.values()]) client.destroy();
    },
  };
}

/** On its own, for a function that needs few services: what it doesn't name stays out of its bundle. */
export function createSecretsManagerClient(options: ClientOptions): SecretsManagerClient {
  return repeating(new SecretsManagerClient(CONFIGURATION), options);
}

/** On its own, as `createSecretsManagerClient`. */
export function createLambdaClient(options: ClientOptions): LambdaClient {
  return repeating(new LambdaClient(CONFIGURATION), options);
}

/** Has a client repeat what is worth repeating. */
export function repeating<C extends Parameters<typeof repeatCalls>[0]>(client: C, options: ClientOptions): C {
  const { clock, random = Math.random, log, onThrottled } = options;
  repeatCalls(client, { clock, random, log, onThrottled });
  return client;
}
