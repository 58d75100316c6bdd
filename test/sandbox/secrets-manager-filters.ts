import { type JsonInput, optionalTexts, requiredText, requireOneOf } from './aws-json.ts';
import { AwsServiceError } from './aws-service.ts';

/** What the filters of ListSecrets look at. */
export interface Filterable {
  readonly name: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
}

const KEYS = ['description', 'name', 'tag-key', 'tag-value', 'primary-region', 'owning-service', 'all'] as const;
type FilterKey = (typeof KEYS)[number];

/**
 * Reads the `Filters` of ListSecrets; a secret has to pass all of them. tag-key and tag-value know nothing of each
 * other. https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Filter.html
 */
export function readFilters(filters: readonly JsonInput[]): (secret: Filterable) => boolean {
  const tests = filters.map((filter, index) => {
    const key = requiredText(filter, 'Key');
    requireOneOf(`filters.${index + 1}.member.key`, key, KEYS);
    const values = optionalTexts(filter, 'Values') ?? [];
    if (values.length === 0) {
      throw new AwsServiceError(400, 'InvalidParameterException', `Invalid filter values for key: ${key}`);
    }
    // The key is one of KEYS, or it would have been refused.
    return (secret: Filterable) => values.some((value) => passes(secret, key as FilterKey, value));
  });
  return (secret) => tests.every((test) => test(secret));
}

function passes(secret: Filterable, key: FilterKey, value: string): boolean {
  return value.startsWith('!') ? !matches(secret, key, value.slice(1)) : matches(secret, key, value);
}

function matches({ name, description, tags }: Filterable, key: FilterKey, value: string): boolean {
  switch (key) {
    case 'name':
      return name.startsWith(value);
    case 'tag-key':
      return Object.keys(tags).some((tag) => tag.startsWith(value));
    case 'tag-value':
      return Object.values(tags).some((tag) => tag.startsWith(value));
    case 'description':
      return hasWords([description], value);
    case 'all':
      return hasWords([name, description, ...Object.entries(tags).flat()], value);
    default:
      // No secret of the sandbox is replicated or managed by another service.
      return false;
  }
}

/** Whether each word of `value` begins a word of `texts`, whatever their case. */
function hasWords(texts: readonly string[], value: string): boolean {
  const words = texts.flatMap(wordsOf);
  return wordsOf(value).every((wanted) => words.some((word) => word.startsWith(wanted)));
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}
