import { requireLength } from './aws-json.ts';
import { AwsServiceError } from './aws-service.ts';
import { hasTagCharacters } from './aws-tags.ts';

const MOST_TAGS = 50;

/**
 * Throws unless a certificate can have these tags: `TooManyTagsException` beyond 50, `InvalidTagException` for a
 * reserved key, `ValidationException` for lengths and characters.
 * https://docs.aws.amazon.com/acm/latest/userguide/tags-restrictions.html
 */
export function requireAcmTags(tags: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(tags)) {
    requireLength('tags.1.member.key', key, 1, 128);
    requireLength('tags.1.member.value', value, 0, 256);
    if (/^aws:/i.test(key)) {
      const message = `Invalid Tag Key: "${key}". AWS internal tags cannot be changed with this API`;
      throw new AwsServiceError(400, 'InvalidTagException', message);
    }
    if (!hasTagCharacters(key) || !hasTagCharacters(value)) {
      const message = `The tag ${key} has a character that is not allowed.`;
      throw new AwsServiceError(400, 'ValidationException', message);
    }
  }
  if (Object.keys(tags).length > MOST_TAGS) {
    const message = `the TagSet: '{${Object.keys(tags).join(', ')}}' contains too many Tags`;
    throw new AwsServiceError(400, 'TooManyTagsException', message);
  }
}
