import * as z from 'zod/mini';
import { RESERVED_KEYS, ROOM_IN_TAGS } from './certificate-tags.ts';
import { RenewalFailure } from './failure.ts';
import { parseInput } from './input.ts';

/** Tags that a stack gives its resources. */
export type StackTags = Readonly<Record<string, string>>;

/** What Secrets Manager and ACM both take; letters, digits and spaces are those of any language. */
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/**
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Tag.html and
 * https://docs.aws.amazon.com/acm/latest/userguide/tags-restrictions.html. IAM compares a tag's key without regard to case in
 * a condition, so `Evercert:renewer` would count as ours.
 */
const RULES: readonly (readonly [isBroken: (key: string, value: string) => boolean, sentence: string])[] = [
  [(key) => key.length < 1 || key.length > 128, 'a key must have from 1 to 128 characters'],
  [(key) => !CHARACTERS.test(key), 'a key may have letters, digits, spaces and _.:/=+-@ alone'],
  [(key) => /^aws:/i.test(key), 'keys that begin with aws: are reserved for AWS'],
  [
    (key) => key.toLowerCase().startsWith(RESERVED_KEYS),
    `keys that begin with ${RESERVED_KEYS} are reserved for evercert`,
  ],
  [(_key, value) => value.length > 256, 'a value must have at most 256 characters'],
  [(_key, value) => !CHARACTERS.test(value), 'a value may have letters, digits, spaces and _.:/=+-@ alone'],
];

/** Throws `invalid-input` with one sentence that names `what` and the tag. */
export function parseStackTags(input: unknown, what: string): StackTags {
  const tags = parseInput(z.record(z.string(), z.string()), input, what);
  for (const [key, value] of Object.entries(tags)) {
    const broken = RULES.find(([isBroken]) => isBroken(key, value));
    if (broken) throw new RenewalFailure('invalid-input', `${what}: the tag ${JSON.stringify(key)}: ${broken[1]}`);
  }
  return tags;
}

/**
 * Throws `invalid-input` when a secret could not have a certificate's own tags and these: AWS takes 50. ACM's imports carry
 * three of our own, so that the secret is the narrower place.
 */
export function expectRoomForTags(tags: StackTags, regions: number, what: string): void {
  const count = Object.keys(tags).length;
  if (count === 0 || count + regions <= ROOM_IN_TAGS) return;
  throw new RenewalFailure(
    'invalid-input',
    `${what}: there are ${count} tags and ${regions} regions in acm, and together there can be at most ${ROOM_IN_TAGS}, ` +
      'because a secret takes 50 tags and evercert keeps its state in the others',
  );
}
