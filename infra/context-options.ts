import { refusal } from './refusal.ts';

/** CDK's own keys have a colon, a slash or a hyphen in them, and so have plug-ins'. */
const OURS = /^\w+$/;

/**
 * What `-c key=value` sets of the keys in `examples`, in their order. Throws `invalid-input` for a key that looks like one of
 * ours and is none, and for a value that is no text.
 */
export function contextOptions<K extends string>(
  context: Readonly<Record<string, unknown>>,
  examples: Readonly<Record<K, string>>,
): Readonly<Partial<Record<K, string>>> {
  const unknown = Object.keys(context).find((key) => OURS.test(key) && !Object.hasOwn(examples, key));
  if (unknown !== undefined) {
    throw refusal(
      `context: unknown key ${JSON.stringify(unknown)}; evercert knows ${Object.keys(examples).join(', ')}`,
    );
  }
  const given = (Object.entries(examples) as [K, string][]).flatMap(([key, example]) => {
    const value = context[key];
    if (value === undefined) return [];
    if (typeof value === 'string' && value !== '') return [[key, value] as const];
    throw refusal(`context: ${key} must be a text, such as -c ${key}=${example}`);
  });
  return Object.fromEntries(given) as Partial<Record<K, string>>;
}
