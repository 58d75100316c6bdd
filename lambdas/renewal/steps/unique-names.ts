/** Refuses a second step of the same name: a programming mistake, which would mix up their results on a replay. */
export function uniqueNames(): (name: string) => void {
  const names = new Set<string>();
  return (name) => {
    if (names.has(name)) throw new TypeError(`two steps of one execution are called ${name}`);
    names.add(name);
  };
}
