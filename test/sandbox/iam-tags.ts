type Tags = Readonly<Record<string, string>>;
type Context = Readonly<Record<string, string | readonly string[]>>;

/** The condition keys of the tags that a request brings; none when it brings no tags. */
export function requestTags(tags: Tags): Context {
  const keys = Object.keys(tags);
  return keys.length === 0 ? {} : { ...prefixed('aws:RequestTag', tags), 'aws:TagKeys': keys };
}

/** The condition keys of the tags that a resource has; none of a resource that isn't there. */
export function resourceTags(tags: Tags = {}): Context {
  return prefixed('aws:ResourceTag', tags);
}

function prefixed(key: string, tags: Tags): Context {
  return Object.fromEntries(Object.entries(tags).map(([tag, value]) => [`${key}/${tag}`, value]));
}
