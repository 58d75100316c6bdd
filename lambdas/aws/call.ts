import { messageOf, RenewalFailure } from '../core/failure.ts';
import { printable } from '../core/printable.ts';
import { errorName, troubleOf } from './retry.ts';

/** AWS's words are rarely longer; an answer that isn't AWS's may be a whole page. */
const LONGEST_MESSAGE = 1_000;

/** `InvalidChangeBatch`, and request ids of 36 characters. */
const LONGEST_NAME = 100;

/** Service prefix and API operation, as IAM writes them: `secretsmanager:PutSecretValue`. */
export type AwsOperation = `${'route53' | 'secretsmanager' | 'acm' | 'lambda' | 'sts'}:${string}`;

/**
 * Sends one command and turns whatever the SDK throws into a `RenewalFailure`:
 *
 * - `access-denied`: AWS's words name the principal and the action.
 * - `aws-throttled`, `aws-unavailable`: repeating it didn't help.
 * - `aws-refused`: everything else; adapters look at `awsErrorName` for the refusals that are answers.
 *
 * `subject` is what the operation is about, for the operator: a secret's name, a zone. Its cause is a bare error, because
 * the SDK's carry the response, and some of them the request.
 */
export async function call<T>(operation: AwsOperation, subject: string, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof RenewalFailure) throw error;
    throw failureOf(operation, subject, error);
  }
}

/** AWS's name of the error behind a failure of `call`: `ResourceNotFoundException`. */
export function awsErrorName(error: unknown): string | undefined {
  return error instanceof RenewalFailure ? error.details.aws?.name : undefined;
}

/** AWS's own message behind a failure of `call`, without the sentence around it. */
export function awsMessage(error: unknown): string {
  return messageOf(error instanceof RenewalFailure ? (error.cause ?? error) : error);
}

function failureOf(operation: AwsOperation, subject: string, error: unknown): RenewalFailure {
  const name = printable(errorName(error), LONGEST_NAME);
  const words = wordsOf(error);
  const { $metadata } = Object(error) as { $metadata?: { requestId?: unknown } };
  const requestId = typeof $metadata?.requestId === 'string' ? printable($metadata.requestId, LONGEST_NAME) : undefined;
  const details = { aws: { name, operation, ...(requestId === undefined ? {} : { requestId }) } };
  const cause = Object.assign(new Error(words), { name });
  const said = `${operation} for ${subject}: ${words} (${name}${requestId ? `, request ${requestId}` : ''}).`;
  if (name.startsWith('AccessDenied')) {
    const advice =
      'Grant the action to the role that AWS names; if the role has it, look for an explicit deny or a missing grant ' +
      "in a service control policy, a permissions boundary, or the key policy of the secret's KMS key.";
    return new RenewalFailure('access-denied', `AWS denied ${said} ${advice}`, { cause, details });
  }
  switch (troubleOf(error)) {
    case 'throttled':
      return new RenewalFailure(
        'aws-throttled',
        `AWS kept throttling ${said} Something else in this account is using up the request rate; the next run tries again.`,
        { cause, details },
      );
    case 'unavailable':
      return new RenewalFailure('aws-unavailable', `AWS gave no good answer to ${said} The next run tries again.`, {
        cause,
        details,
      });
    default:
      return new RenewalFailure('aws-refused', `AWS refused ${said}`, { cause, details });
  }
}

/** AWS's message, or (Route 53's InvalidChangeBatch) messages, fit for a log line. */
function wordsOf(error: unknown): string {
  const { messages } = Object(error) as { messages?: unknown };
  const words = Array.isArray(messages) && messages.length > 0 ? messages.map(String).join(' ') : messageOf(error);
  return printable(withoutQuotedValues(words), LONGEST_MESSAGE).replace(/\.$/, '');
}

/** Validation errors may quote the value that was refused. */
function withoutQuotedValues(words: string): string {
  const plain = words.replace(/-----BEGIN [\s\S]*?(-----END [^-]*-----|$)/g, '[PEM]');
  // Behind the last end of a quotation each beginning would be followed to the end of the text, which takes squared time.
  const end = plain.lastIndexOf(END_OF_VALUE) + END_OF_VALUE.length;
  if (end < END_OF_VALUE.length) return plain;
  return plain.slice(0, end).replace(/\bvalue '[\s\S]*?' at '/gi, "value at '") + plain.slice(end);
}

const END_OF_VALUE = "' at '";
