import * as z from 'zod/mini';
import { RenewalFailure } from './failure.ts';

/**
 * Parses what somebody typed. Throws `RenewalFailure` `invalid-input` with one sentence that names `what` and the
 * field; nothing else has happened by then.
 */
export function parseInput<S extends z.ZodMiniType>(schema: S, input: unknown, what: string): z.output<S> {
  const result = safeParse(schema, input);
  if (result?.success) return result.data;
  const issue = result?.error.issues[0];
  throw new RenewalFailure(
    'invalid-input',
    `${what}: ${issue ? sentence(issue) : 'it has a length that is no number'}`,
  );
}

/** `undefined` where zod throws: it measures whatever has a `length`, of any type, and compares that with a number. */
export function safeParse<S extends z.ZodMiniType>(
  schema: S,
  input: unknown,
): z.core.util.SafeParseResult<z.output<S>> | undefined {
  try {
    return z.safeParse(schema, input, { reportInput: true });
  } catch {
    return undefined;
  }
}

function sentence(issue: z.core.$ZodIssue): string {
  const field = fieldName(issue.path);
  const subject = field === '' ? 'it' : field;
  switch (issue.code) {
    case 'unrecognized_keys':
      return `unknown field ${some(issue.keys.map((key) => show(join(field, key))))}`;
    case 'invalid_type':
      return issue.input === undefined
        ? `${subject} is missing (${article(issue.expected)})`
        : `${subject} must be ${article(issue.expected)}, not ${show(issue.input)}`;
    case 'invalid_value':
      return `${subject} must be ${oneOf(issue.values)}, not ${show(issue.input)}`;
    case 'too_small':
      return `${subject} must have at least ${issue.minimum}${issue.origin === 'array' ? ' entries' : ''}`;
    case 'too_big':
      return `${subject} must have at most ${issue.maximum}${issue.origin === 'array' ? ' entries' : ''}`;
    case 'invalid_union':
      return sentenceOfUnion(issue, subject);
    default:
      return `${subject}: ${issue.message}`;
  }
}

/** The branch that got furthest knows best what is wrong. */
function sentenceOfUnion(issue: z.core.$ZodIssueInvalidUnion, subject: string): string {
  const deepest = issue.errors
    .flat()
    .filter((branch) => branch.path.length > 0 || branch.code === 'custom')
    .sort((a, b) => b.path.length - a.path.length)[0];
  if (!deepest) return `${subject} has the wrong type`;
  return sentence({ ...deepest, path: [...issue.path, ...deepest.path] } as z.core.$ZodIssue);
}

function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (name, part) => (typeof part === 'number' ? `${name}[${part}]` : join(name, String(part))),
    '',
  );
}

function join(parent: string, child: string): string {
  return parent === '' ? child : `${parent}.${child}`;
}

function article(type: string): string {
  if (type === 'array') return 'a list';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? show(values[0]) : `one of ${values.map(show).join(', ')}`;
}

function some(texts: readonly string[]): string {
  const more = texts.length - MOST_FIELDS_NAMED;
  return texts.slice(0, MOST_FIELDS_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

const MOST_FIELDS_NAMED = 10;

/** Shortened, because input may be anything; never called with a secret's value. */
function show(value: unknown): string {
  const text =
    typeof value === 'object' && value !== null ? (Array.isArray(value) ? 'a list' : 'an object') : undefined;
  if (text) return text;
  const quoted = JSON.stringify(value) ?? String(value);
  return quoted.length > 80 ? `${quoted.slice(0, 77)}…` : quoted;
}
