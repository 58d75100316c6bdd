import type { App } from '../../sandbox/deployment.ts';

interface DeployedFunction {
  readonly bundle: string;
  readonly handler: string;
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
  readonly durable: { readonly executionTimeoutSeconds: number; readonly retentionDays: number } | undefined;
}

/** The scan and the renewal as the template has them. */
export function functionOf(app: App): { readonly scan: DeployedFunction; readonly renewal: DeployedFunction } {
  const find = (description: string): DeployedFunction => {
    const fn = app.template
      .resources('AWS::Lambda::Function')
      .find(({ properties }) => properties['Description'] === description);
    if (!fn) throw new Error(`The template has no function that says: ${description}`);
    const { MemorySize, Timeout, Handler, DurableConfig } = fn.properties as {
      readonly MemorySize: number;
      readonly Timeout: number;
      readonly Handler: string;
      readonly DurableConfig?: { readonly ExecutionTimeout: number; readonly RetentionPeriodInDays: number };
    };
    return {
      bundle: app.bundle(fn),
      handler: Handler.replace(/^index\./, ''),
      memoryMegabytes: MemorySize,
      timeoutSeconds: Timeout,
      durable: DurableConfig && {
        executionTimeoutSeconds: DurableConfig.ExecutionTimeout,
        retentionDays: DurableConfig.RetentionPeriodInDays,
      },
    };
  };
  return { scan: find('Starts the renewal of each certificate that is due'), renewal: find('Renews one certificate') };
}
