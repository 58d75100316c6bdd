import { createInterface } from 'node:readline/promises';
import { awsPlace } from './aws-place.ts';
import { type Options, parseOptions } from './options.ts';
import { planOf } from './plan.ts';
import { walk } from './walk.ts';

/** `npm run test:aws -- …` (options.ts): the walk on an account of AWS. Never in CI. */
const say = (line: string) => process.stdout.write(`${line}\n`);

const options = readOptions();
if (options !== undefined) {
  say(planOf(options));
  if (options.yes || (await isAgreed())) process.exitCode = await run(options);
  else say('Nothing was done.');
}

function readOptions(): Options | undefined {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 2;
    return undefined;
  }
}

async function isAgreed(): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await lines.question('Go on? Write yes: ').finally(() => lines.close());
  return answer.trim() === 'yes';
}

async function run(given: Options): Promise<number> {
  const [region = ''] = given.regions;
  process.env['AWS_REGION'] = region;
  if (given.profile !== undefined) process.env['AWS_PROFILE'] = given.profile;
  const asked = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      say(
        `${signal}: what is deployed is destroyed as soon as the step that runs has ended. Once more leaves it there.`,
      );
      asked.abort(new Error(`stopped by ${signal}`));
    });
  }
  try {
    const place = await awsPlace(given);
    try {
      say('bootstrapped; it deploys, which takes minutes');
      asked.signal.throwIfAborted();
      await walk(place, say, { questions: () => place.ask(say), signal: asked.signal });
    } finally {
      place.stop();
    }
    say('passed');
    return 0;
  } catch (error) {
    process.stderr.write(`FAILED: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
