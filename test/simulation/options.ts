import { parseArgs } from 'node:util';

export interface Options {
  /** `undefined` when none were asked for, where planted bugs were. */
  readonly seeds: number | undefined;
  readonly from: number;
  /** The first seed is one that nobody has run. */
  readonly new: boolean;
  /** After that many no further seed begins. */
  readonly minutes: number;
  /** How many seeds run a second time. */
  readonly twice: number;
  readonly json: boolean;
  readonly planted: boolean;
  readonly search: boolean;
}

const USAGE =
  'npm run simulate -- [--seeds N] [--from S] [--new] [--minutes M] [--twice T] [--json] [--planted] [--search]';
/** Seeds are numbers of 32 bits: a larger one draws what a smaller one does. */
const SEEDS = 2 ** 32;

/** Throws a sentence with the usage that names what is unknown or malformed. */
export function parseOptions(args: readonly string[]): Options {
  const values = parse(args);
  const whole = (name: 'seeds' | 'from' | 'twice', least: number, fallback: number): number => {
    const text = values[name] ?? String(fallback);
    if (/^\d{1,10}$/.test(text) && Number(text) >= least) return Number(text);
    throw refused(`--${name} is a whole number from ${least} on, and not ${JSON.stringify(text)}`);
  };
  const minutes = values.minutes === undefined ? Number.POSITIVE_INFINITY : Number(values.minutes);
  if (!(minutes > 0)) throw refused(`--minutes is a number above 0, and not ${JSON.stringify(values.minutes)}`);
  const seeds = whole('seeds', 1, 1);
  const from = whole('from', 0, 0);
  if (from + seeds > SEEDS) throw refused(`seeds are below ${SEEDS}`);
  return {
    seeds: values.seeds === undefined ? undefined : seeds,
    from,
    minutes,
    twice: whole('twice', 0, 0),
    new: values.new ?? false,
    json: values.json ?? false,
    planted: values.planted ?? false,
    search: values.search ?? false,
  };
}

function parse(args: readonly string[]) {
  const [text, flag] = [{ type: 'string' }, { type: 'boolean' }] as const;
  const numbers = { seeds: text, from: text, minutes: text, twice: text };
  const options = { ...numbers, new: flag, json: flag, planted: flag, search: flag };
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw refused((error as Error).message);
  }
}

function refused(why: string): RangeError {
  return new RangeError(`${why}. Usage: ${USAGE}`);
}
