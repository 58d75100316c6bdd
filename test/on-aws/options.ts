import { parseArgs } from 'node:util';

/** What somebody with an account gives. */
export interface Options {
  /** Certificates are issued for `evercert-test.<domain>` and names below it. */
  readonly domain: string;
  readonly hostedZoneId: string;
  readonly email: string;
  /** The first is the stack's; all of them get imports. */
  readonly regions: readonly string[];
  readonly profile?: string;
  /** Nobody is asked. */
  readonly yes: boolean;
}

const USAGE =
  'npm run test:aws -- --domain example.com --hosted-zone-id Z0123456789 --email ops@example.com ' +
  '--regions eu-central-1,us-east-1 [--profile name] [--yes]';

const PATTERNS = {
  domain: /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/,
  'hosted-zone-id': /^Z[A-Z0-9]{1,31}$/,
  email: /^[^\s@<>,]+@[^\s@<>,]+\.[^\s@<>,]+$/,
  regions: /^[a-z]{2}(-[a-z]+)+-\d(,[a-z]{2}(-[a-z]+)+-\d)*$/,
} as const;

/** Throws a sentence with the usage that names what is missing, unknown or malformed. */
export function parseOptions(args: readonly string[]): Options {
  const values = parse(args);
  const text = (name: keyof typeof PATTERNS): string => {
    const value = values[name];
    if (value === undefined) throw new Error(`--${name} is missing. Usage: ${USAGE}`);
    if (!PATTERNS[name].test(value)) throw new Error(`--${name} can not be ${JSON.stringify(value)}. Usage: ${USAGE}`);
    return value;
  };
  return {
    domain: text('domain'),
    hostedZoneId: text('hosted-zone-id'),
    email: text('email'),
    regions: [...new Set(text('regions').split(','))],
    ...(values.profile === undefined ? {} : { profile: values.profile }),
    yes: values.yes ?? false,
  };
}

function parse(args: readonly string[]) {
  const string = { type: 'string' } as const;
  const options = { domain: string, 'hosted-zone-id': string, email: string, regions: string, profile: string };
  try {
    return parseArgs({ args: [...args], options: { ...options, yes: { type: 'boolean' } } }).values;
  } catch (error) {
    throw new Error(`${(error as Error).message}. Usage: ${USAGE}`, { cause: error });
  }
}
