import fc from 'fast-check';
import { HOSTILE_TEXTS } from './corpus/texts.ts';

/** Text of the corpus, or any: code units without a partner, control characters and all. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...HOSTILE_TEXTS),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }).map((units) => String.fromCharCode(...units)),
);

const numbers = fc.oneof(
  fc.constantFrom(0, -1, 1e308, -1e308, 5e-324, 2 ** 53, -(2 ** 63), 8.64e15 + 1, 1.5),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

const leaf = fc.oneof(hostileText, numbers, fc.boolean(), fc.constant(null), fc.constant([]), fc.constant({}));

const memberName = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString', 'valueOf', 'length'), hostileText);

/** Whatever JSON can be: `__proto__` is a member of its own, as JSON.parse makes it. */
export const hostileJson: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown; list: unknown; object: unknown }>(
  (tie) => ({
    value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('list'), tie('object')),
    list: fc.array(tie('value'), { maxLength: 4 }),
    object: fc
      .array(fc.tuple(memberName, tie('value')), { maxLength: 4 })
      .map((members) => Object.fromEntries(members)),
  }),
).value;

type Path = readonly (string | number)[];

/** A valid value in which one to three members, however deep, are gone or something else, or have a neighbour. */
export function damaged(valid: unknown): fc.Arbitrary<unknown> {
  const change = fc.record({
    path: fc.constantFrom(...pathsIn(valid)),
    what: fc.constantFrom('replace' as const, 'replace' as const, 'remove' as const, 'add' as const),
    name: memberName,
    by: hostileJson,
  });
  return fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
    const root = { value: structuredClone(valid) };
    for (const { path, what, name, by } of changes) {
      if (what === 'add') set(root, ['value', ...path, name], structuredClone(by));
      else set(root, ['value', ...path], what === 'remove' ? undefined : structuredClone(by));
    }
    return root.value;
  });
}

function pathsIn(value: unknown, at: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([name, member]) => pathsIn(member, [...at, name]))];
}

/** Nothing happens where an earlier change has taken the place away. */
function set(root: object, path: Path, value: unknown): void {
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((at, name) => (Object(at) as Record<PropertyKey, unknown>)[name], root);
  const name = path.at(-1);
  if (typeof parent !== 'object' || parent === null || name === undefined) return;
  if (value === undefined) Reflect.deleteProperty(parent, name);
  else if (!Array.isArray(parent) || name !== 'length')
    Object.defineProperty(parent, name, { value, enumerable: true, writable: true, configurable: true });
}
