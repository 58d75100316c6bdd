import type { EvercertConfig } from '../../infra/app-config.ts';
import type { AwsView } from '../interop/aws-view.ts';

type CertificateInput = EvercertConfig['certificates'][number];

/** Where the walk goes: an account of AWS, or an emulated one. */
export interface Place {
  /** Names are made below it. */
  readonly domain: string;
  readonly issuer: string;
  /** The first is the stack's. */
  readonly regions: readonly string[];
  /** No certificate can be had for it, so that a deployment with it fails. */
  readonly refusedName: string;
  readonly aws: Pick<AwsView, 'pair' | 'imports'>;
  /** Returns the stack's outputs; rejects when the deployment failed and was rolled back. */
  deploy(certificates: readonly CertificateInput[]): Promise<Readonly<Record<string, string>>>;
  /** Invokes and waits for the answer. */
  invoke(functionName: string, event: object): Promise<unknown>;
  /** Invokes asynchronously: Lambda runs no durable execution of more than fifteen minutes for somebody who waits. */
  start(functionName: string, event: object): Promise<void>;
  destroy(): Promise<void>;
  /** What somebody does where `destroy` could not: a command. */
  readonly byHand: string;
  /** What of ours is still there: sentences. */
  leftovers(): Promise<readonly string[]>;
}

/** A name of its own, so that nothing that exists is touched. */
const NAME = 'evercert-test';

const RENEWAL_MINUTES = 10;

/**
 * Deploys, renews by hand, changes a name, has an update fail and rolled back, and destroys; `say` gets a line for each
 * thing that was true. It destroys however it ends, and says what is left, also when it could not destroy.
 *
 * `questions` are asked while everything is deployed. After `signal` the step that runs is the last before the end.
 *
 * Throws what went wrong: the first thing that wasn't true; where the end went wrong as well, an AggregateError of both,
 * the first thing first.
 */
export async function walk(
  place: Place,
  say: (line: string) => void,
  options: { readonly questions?: () => Promise<void>; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { questions, signal = new AbortController().signal } = options;
  const problems: Error[] = [];
  const note = (error: unknown) => void problems.push(error instanceof Error ? error : new Error(String(error)));
  await steps(place, say, signal)
    .then(() => questions?.())
    .catch(note);
  const removed = await place.destroy().then(
    () => 'destroyed',
    (error: unknown) => {
      note(new Error(`it could not be destroyed: ${error}`, { cause: error }));
      return `NOT DESTROYED. What is there costs money until it is gone; try: ${place.byHand}`;
    },
  );
  await place.leftovers().then(
    (left) => say(removed + remainder(left)),
    (error: unknown) => {
      say(`${removed}; what is left could not be listed`);
      note(error);
    },
  );
  const [first, ...more] = problems;
  if (more.length > 0) throw new AggregateError(problems, problems.map(({ message }) => message).join('\nand '));
  if (first) throw first;
}

function remainder(left: readonly string[]): string {
  return left.length === 0 ? '; nothing is left' : `; STILL THERE:\n${left.map(indented).join('\n')}`;
}

async function steps(place: Place, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  const apex = `${NAME}.${place.domain}`;
  const wanted = (domainNames: string[]): CertificateInput => ({
    name: NAME,
    domainNames,
    issuer: place.issuer,
    acm: [...place.regions],
    removalPolicy: 'destroy',
  });
  const serial = async () => {
    signal.throwIfAborted();
    return (await place.aws.pair(NAME)).issued.serialNumber;
  };
  const imported = async (expected: string): Promise<readonly string[]> => {
    const found = await Promise.all(place.regions.map((region) => place.aws.imports(region, apex)));
    const ours = found.flatMap((all) => all.filter((each) => each.serial === expected));
    expectThat(
      ours.length === place.regions.length,
      `${ours.length} of ${place.regions.length} regions have ${expected}`,
    );
    return ours.map(({ arn }) => arn);
  };

  const outputs = await place.deploy([wanted([apex])]);
  const first = await serial();
  const arns = await imported(first);
  expectThat(Object.values(outputs).includes(arns[0] ?? ''), `the ARN ${arns[0]} is no stack output`);
  say(`deployed: ${apex} has ${first}, in ${place.regions.join(', ')}, and its ARN is a stack output`);

  const [scan = '', renew = ''] = [outputs['ScanFunctionName'], outputs['RenewFunctionArn']];
  const scanned = JSON.stringify(await place.invoke(scan, { certificates: [NAME], dryRun: true }));
  say(`scanned by hand: ${scanned}`);
  await place.start(renew, { certificate: NAME, force: true });
  const second = await within(RENEWAL_MINUTES, 'the renewal by hand', signal, async () => {
    const now = await serial();
    expectThat(now !== first, 'the certificate is as it was');
    expectThat(sameArns(arns, await imported(now)), 'it made other imports');
    return now;
  });
  say(`renewed by hand: ${second}, under the same ARNs`);

  const names = [apex, `more.${apex}`];
  signal.throwIfAborted();
  await place.deploy([wanted(names)]);
  const third = await serial();
  expectThat(third !== second, 'the changed name left the certificate as it was');
  const { domainNames } = await place.aws.pair(NAME);
  expectThat(domainNames.join() === names.join(), `the certificate is for ${domainNames.join(', ')}`);
  expectThat(sameArns(arns, await imported(third)), 'the changed name made other imports');
  say(`changed a name: ${third}, under the same ARNs`);

  signal.throwIfAborted();
  const refused = { name: `${NAME}-refused`, domainNames: [place.refusedName], issuer: place.issuer, acm: [] };
  // A name less: another certificate, for which nothing has to be proven again.
  const failure = await place.deploy([wanted([apex]), refused]).then(
    () => undefined,
    (error: unknown) => String(error),
  );
  expectThat(failure !== undefined, `the deployment with ${place.refusedName} did not fail`);
  signal.throwIfAborted();
  const after = await place.aws.pair(NAME);
  expectThat(after.issued.serialNumber === third, `the roll-back left ${after.issued.serialNumber}, not ${third}`);
  await imported(third);
  say(`a failing update was rolled back, to ${third}, in ACM as well: ${failure}`);
}

/** Asks again until `check` no longer throws. Throws what was waited for, and its last reason, when the time is over. */
async function within<T>(minutes: number, what: string, signal: AbortSignal, check: () => Promise<T>): Promise<T> {
  for (const giveUpAt = Date.now() + minutes * 60_000; ; ) {
    try {
      return await check();
    } catch (cause) {
      signal.throwIfAborted();
      if (Date.now() > giveUpAt) throw new Error(`${what} was not done after ${minutes} minutes: ${cause}`, { cause });
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    }
  }
}

function expectThat(holds: boolean, problem: string): void {
  if (!holds) throw new Error(problem);
}

function sameArns(before: readonly string[], after: readonly string[]): boolean {
  return before.join() === after.join();
}

function indented(line: string): string {
  return `  ${line}`;
}
