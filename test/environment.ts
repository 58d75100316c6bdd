import { nativeEnvironment } from './sandbox/native-require.ts';

/** What the AWS SDK takes from its environment: credentials that an emulator takes, and where it listens. */
export function emulatedAws(url?: string): Readonly<Record<string, string>> {
  return {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIASANDBOX',
    AWS_SECRET_ACCESS_KEY: 'sandbox',
    ...(url === undefined ? {} : { AWS_ENDPOINT_URL: url }),
  };
}

/** Sets variables for the code of the tests and for the bundles; what it returns puts back what was there. */
export function setEnvironment(variables: Readonly<Record<string, string>>): () => void {
  const changed = [...new Set([process.env, nativeEnvironment])].map((environment) => {
    const before = Object.keys(variables).map((name) => [name, environment[name]] as const);
    Object.assign(environment, variables);
    return { environment, before };
  });
  return () => {
    for (const { environment, before } of changed) {
      for (const [name, value] of before) {
        if (value === undefined) delete environment[name];
        else environment[name] = value;
      }
    }
  };
}
