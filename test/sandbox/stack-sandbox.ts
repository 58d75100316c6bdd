import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type CloudFormation, startCloudFormation } from './cloudformation.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from './sandbox.ts';

/** The sandbox with a CloudFormation that sends requests to `provision`. */
export interface StackSandbox {
  readonly sandbox: Sandbox;
  readonly cloudFormation: CloudFormation;
  /** Sends an event once more, as Lambda may, and waits until it has been worked on. */
  deliver(event: unknown): Promise<void>;
  /** Somebody deletes a secret in the console, with the usual recovery window. */
  scheduleDeletion(secret: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startStackSandbox(options: SandboxOptions = {}): Promise<StackSandbox> {
  const sandbox = await startSandbox(options);
  const { clock, calls, faults } = sandbox;
  const client = new LambdaClient({});
  const secrets = new SecretsManagerClient({});
  const invoke = async (event: unknown) => {
    const command = new InvokeCommand({
      FunctionName: sandbox.deployment.functions.provision,
      InvocationType: 'Event',
      Payload: Buffer.from(JSON.stringify(event)),
    });
    // In a run: the SDK waits in real time before it asks again, and no hour must pass meanwhile.
    await clock.run(() => client.send(command));
  };
  const cloudFormation = await startCloudFormation({ clock, invoke, calls, faults });
  return {
    sandbox,
    cloudFormation,
    deliver: async (event) => {
      await invoke(event);
      await sandbox.lambda.idle();
    },
    scheduleDeletion: async (secret) => {
      await secrets.send(new DeleteSecretCommand({ SecretId: secret }));
    },
    stop: async () => {
      await sandbox.lambda.idle();
      client.destroy();
      secrets.destroy();
      await cloudFormation.stop();
      await sandbox.stop();
    },
  };
}
