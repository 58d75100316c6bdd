import { type JsonInput, optionalText, optionalTexts, requiredText, requireLength, violation } from './aws-json.ts';
import { AwsServiceError } from './aws-service.ts';
import { hasTagCharacters } from './aws-tags.ts';
import type { SecretValue } from './secrets-manager-versions.ts';

const MOST_BYTES = 65_536;
const MOST_TAGS = 50;

/** ASCII letters, digits and `/_+=.@-`; AWS's message names `!` too, which only its own services may use. */
export function readName(input: JsonInput): string {
  const name = requiredText(input, 'Name');
  requireLength('Name', name, 1, 512);
  if (!/^[A-Za-z0-9/_+=.@-]+$/.test(name)) {
    throw new AwsServiceError(
      400,
      'ValidationException',
      'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    );
  }
  return name;
}

/** The KMS key of a new secret; `undefined` for AWS's own. */
export function readKmsKeyId(input: JsonInput): string | undefined {
  const id = optionalText(input, 'KmsKeyId');
  if (id !== undefined) requireLength('KmsKeyId', id, 0, 2_048);
  return id === '' ? undefined : id;
}

/** The value that a version gets; `undefined` when there is none. */
export function readValue(input: JsonInput): SecretValue | undefined {
  const string = optionalText(input, 'SecretString');
  const binary = optionalText(input, 'SecretBinary');
  if (string !== undefined && binary !== undefined) {
    throw new AwsServiceError(
      400,
      'InvalidParameterException',
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  }
  if (string !== undefined) {
    requireSize('secretString', Buffer.byteLength(string));
    return { string };
  }
  if (binary === undefined) return undefined;
  requireSize('secretBinary', Buffer.from(binary, 'base64').length);
  return { binary };
}

/** The token, which becomes the version's id. An SDK makes one up; the API itself doesn't. */
export function readToken(input: JsonInput): string {
  const token = optionalText(input, 'ClientRequestToken');
  if (token === undefined) {
    const message = 'You must provide a ClientRequestToken value. We recommend a UUID-type value.';
    throw new AwsServiceError(400, 'InvalidRequestException', message);
  }
  if (token.length < 32 || token.length > 64) {
    throw invalidParameter('ClientRequestToken must be 32-64 characters long.');
  }
  return token;
}

/** The staging labels of a new version; AWSCURRENT alone when there are none. */
export function readLabels(input: JsonInput): readonly string[] {
  const labels = optionalTexts(input, 'VersionStages') ?? ['AWSCURRENT'];
  if (labels.length === 0) {
    throw violation('VersionStages', 'Member must have length greater than or equal to 1', " '[]'");
  }
  if (labels.length > 20) throw violation('VersionStages', 'Member must have length less than or equal to 20');
  for (const label of labels) requireLength('VersionStages', label, 1, 256);
  return [...new Set(labels)];
}

/**
 * Throws unless a secret can have these tags: 50 at most, keys of 1 to 128 characters, values of up to 256, both of
 * letters, digits, spaces and `_.:/=+-@`, and no key beginning with `aws:`.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/managing-secrets_tagging.html
 */
export function requireTags(tags: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(tags)) {
    requireLength('tags.1.member.key', key, 1, 128);
    requireLength('tags.1.member.value', value, 0, 256);
    if (/^aws:/i.test(key)) throw invalidParameter(`The tag key ${key} is reserved: it begins with aws:.`);
    if (!hasTagCharacters(key)) throw invalidParameter(`The tag key ${key} has a character that is not allowed.`);
    if (!hasTagCharacters(value)) {
      throw invalidParameter(`The value of tag ${key} has a character that is not allowed.`);
    }
  }
  if (Object.keys(tags).length > MOST_TAGS) throw invalidParameter(`A secret can have ${MOST_TAGS} tags.`);
}

function requireSize(member: string, bytes: number): void {
  if (bytes < 1) throw violation(member, 'Member must have length greater than or equal to 1');
  if (bytes > MOST_BYTES) throw violation(member, `Member must have length less than or equal to ${MOST_BYTES}`);
}

function invalidParameter(message: string): AwsServiceError {
  return new AwsServiceError(400, 'InvalidParameterException', message);
}
