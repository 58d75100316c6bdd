import { fromEnv } from '@aws-sdk/credential-provider-env';

/**
 * The credentials of a Lambda function, which are in its environment
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime).
 *
 * `infra/function-bundle.ts` puts this in the place of the SDK's `@aws-sdk/credential-provider-node`, which looks as well
 * where a developer's machine, a container or an EC2 instance has them: a fifth of the code that a cold start of `scan` reads.
 */
export function defaultProvider(): ReturnType<typeof fromEnv> {
  return fromEnv();
}
