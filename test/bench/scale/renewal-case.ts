/**
 * Renewals through the durable `renew`, all due at once: `node renewal-case.ts 1000` prints `RenewalFigures` as JSON. The
 * sandbox is in this process, on virtual time; the function's bundle alone is in processes of its own, on real time, and
 * while it works virtual time stands still. So nothing is throttled and no zone is busy: `bench:dns` measures what that adds.
 */
import { DAY, HOUR } from '../../../lambdas/core/duration.ts';
import { readApp } from '../../sandbox/deployment.ts';
import type { LambdaHandler } from '../../sandbox/lambda-handler.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { synthesizedApp } from '../../sandbox/synthesis.ts';
import { functionOf } from './function-of.ts';
import type { RenewalFigures } from './renewal-figures.ts';
import { type FunctionProcess, type Measured, startFunction } from './start-function.ts';

const ZONES = 10;
const ENVIRONMENTS = 4;
/** The functions' own clock is real: virtual time must have come to it when they run. */
const EARLIER = 62 * DAY;

const began = performance.now();
const say = (text: string) =>
  process.stderr.write(`  ${((performance.now() - began) / 1_000).toFixed(0)} s: ${text}\n`);

console.log(JSON.stringify(await measure(Number(process.argv[2]))));

async function measure(renewals: number): Promise<RenewalFigures> {
  const zones = Array.from({ length: ZONES }, (_, index) => `zone${index}.dev`);
  const sandbox = await startSandbox({
    zones,
    execution: 'durable',
    now: Date.now() - EARLIER,
    settings: { startsPerMinute: 6_000 },
  });
  const environments: FunctionProcess[] = [];
  try {
    for (const { settings } of [sandbox.route53, sandbox.secretsManager]) settings.throttling = false;
    sandbox.route53.settings.zoneProcessingMilliseconds = 0;
    await sandbox.deployIssuer();
    for (const index of Array(renewals).keys()) {
      const apex = `site${index}.${zones[index % ZONES]}`;
      await sandbox.register(`certificate-${index}`, { domainNames: [apex, `*.${apex}`], issuer: 'sandbox' });
    }
    // Of certificates whose CA it doesn't know yet, a scan starts what Let's Encrypt allows in three hours.
    for (let issued = 0; issued < renewals; issued = sandbox.ca.finalizedOrders().length) {
      await sandbox.scan();
      await sandbox.clock.advance(3 * HOUR);
    }
    say(`${renewals} are issued, in this process`);
    await sandbox.clock.advance(EARLIER - (sandbox.clock.now() - (Date.now() - EARLIER)));

    const { renewal } = functionOf(readApp(await synthesizedApp('durable')));
    const { bundle, handler, memoryMegabytes, durable } = renewal;
    const url = process.env['AWS_ENDPOINT_URL'] ?? '';
    for (let index = 0; index < Math.min(ENVIRONMENTS, renewals); index += 1) {
      const environment = { ...environmentOf(sandbox.environment), AWS_ENDPOINT_URL: url };
      environments.push(await startFunction({ bundle, handler, memoryMegabytes, environment }));
    }
    const measured: Measured[] = [];
    const handle = inEnvironments(environments, measured);
    sandbox.lambda.register(sandbox.deployment.functions.renew, handle, { durable });
    const before = { executions: sandbox.lambda.executions.length, orders: sandbox.ca.finalizedOrders().length };
    sandbox.calls.reset();
    const began = sandbox.clock.now();
    const started = performance.now();
    await sandbox.scan();
    const realSeconds = (performance.now() - started) / 1_000;
    const executions = sandbox.lambda.executions.slice(before.executions);
    const renewed = sandbox.ca.finalizedOrders().length - before.orders;
    if (renewed !== renewals || executions.some(({ status }) => status !== 'SUCCEEDED')) {
      throw new Error(`${renewed} of ${renewals} were renewed.`);
    }
    const bugs = sandbox.bugs();
    if (bugs.length > 0) throw new AggregateError(bugs, 'The sandbox has bugs.');
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    return {
      renewals,
      environments: environments.length,
      calls: Object.fromEntries(
        ['secretsmanager', 'route53', 'lambda', 'acme'].flatMap((service) =>
          Object.entries(sandbox.calls.by(service)).map(([operation, count]) => [`${service}:${operation}`, count]),
        ),
      ),
      virtualSeconds: (sandbox.clock.now() - began) / 1_000 + realSeconds,
      invocations: measured.length,
      activeSeconds: sum(measured.map(({ seconds }) => seconds)),
      cpuSeconds: sum(measured.map(({ cpuSeconds }) => cpuSeconds)),
      durableOperations: sum(executions.map(({ usage }) => usage.operations)),
      durableBytes: sum(executions.map(({ usage }) => usage.bytes)),
      logBytes: sum(environments.map((each) => each.logBytes())),
      memoryMegabytes,
      idleBytes: Math.max(...environments.map(({ idleBytes }) => idleBytes)),
      peakBytes: Math.max(...measured.map(({ peakBytes }) => peakBytes)),
    };
  } finally {
    for (const each of environments) each.stop();
    await sandbox.stop();
  }
}

/** What belongs to the scan alone is none of the renewal's. */
function environmentOf(environment: Readonly<Record<string, string>>): Record<string, string> {
  const { EVERCERT_RENEW_FUNCTION: _, ...rest } = environment;
  return rest;
}

/** An invocation waits until an environment is free: more of them would only share the same processor. */
function inEnvironments(environments: readonly FunctionProcess[], measured: Measured[]): LambdaHandler {
  const free = [...environments];
  const waiting: ((environment: FunctionProcess) => void)[] = [];
  return async (event) => {
    const environment = free.pop() ?? (await new Promise<FunctionProcess>((resolve) => waiting.push(resolve)));
    try {
      const answered = await environment.invoke(event);
      measured.push(answered);
      if (measured.length % 100 === 0) say(`${measured.length} invocations`);
      if (answered.result === undefined) throw new Error(answered.error);
      return JSON.parse(answered.result);
    } finally {
      const next = waiting.shift();
      if (next) next(environment);
      else free.push(environment);
    }
  };
}
