import { type JsonInput, optionalObjects, optionalText, requiredText } from './aws-json.ts';

/** The `Tags` of a request, not judged yet; the last of equal keys counts. */
export function readTags(input: JsonInput): Record<string, string> {
  const tags = (optionalObjects(input, 'Tags') ?? []).map((tag) => [
    requiredText(tag, 'Key'),
    optionalText(tag, 'Value') ?? '',
  ]);
  return Object.fromEntries(tags);
}

/**
 * Whether a tag's key or value has letters, digits, spaces and `_.:/=+-@` alone.
 * https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
 */
export function hasTagCharacters(text: string): boolean {
  return /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(text);
}
