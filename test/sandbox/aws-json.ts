import { type AwsAnswer, AwsServiceError } from './aws-service.ts';

/** The input of a JSON operation, its members not looked at yet. */
export type JsonInput = Readonly<Record<string, unknown>>;

/**
 * Reads the body of a request in AWS JSON 1.1 (https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html).
 * Throws `SerializationException` for anything but an object.
 */
export function readInput(body: string): JsonInput {
  let input: unknown;
  try {
    input = JSON.parse(body || '{}');
  } catch {
    throw serializationError();
  }
  return asObject(input);
}

/** An answer of 200, or 200 without any member for an operation that returns nothing. */
export function answerJson(output: object = {}): AwsAnswer {
  return { status: 200, body: JSON.stringify(output) };
}

/** Timestamps are seconds since the epoch with milliseconds as the fraction. */
export function seconds(milliseconds: number): number {
  return milliseconds / 1_000;
}

/** A member of a type; `undefined` when it is missing or null. Throws `SerializationException` for another type. */
export function optionalText(input: JsonInput, member: string): string | undefined {
  return ofType(input, member, (value) => typeof value === 'string');
}

export function optionalInteger(input: JsonInput, member: string): number | undefined {
  return ofType(input, member, (value) => Number.isInteger(value));
}

export function optionalFlag(input: JsonInput, member: string): boolean | undefined {
  return ofType(input, member, (value) => typeof value === 'boolean');
}

export function optionalTexts(input: JsonInput, member: string): readonly string[] | undefined {
  return ofType(input, member, (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'));
}

export function optionalObject(input: JsonInput, member: string): JsonInput | undefined {
  const value = input[member] ?? undefined;
  return value === undefined ? undefined : asObject(value);
}

export function optionalObjects(input: JsonInput, member: string): readonly JsonInput[] | undefined {
  const values = ofType<readonly unknown[]>(input, member, Array.isArray);
  return values?.map(asObject);
}

/** As `optionalText`, but throws `ValidationException` when the member is missing. */
export function requiredText(input: JsonInput, member: string): string {
  const value = optionalText(input, member);
  if (value === undefined) throw violation(member, 'Member must not be null', ' null');
  return value;
}

/**
 * The `ValidationException` with which a service refuses what its API model rules out, in AWS's words. `shown` is the
 * refused value with a leading space, for members that AWS quotes.
 */
export function violation(member: string, constraint: string, shown = ''): AwsServiceError {
  const where = member.charAt(0).toLowerCase() + member.slice(1);
  return new AwsServiceError(
    400,
    'ValidationException',
    `1 validation error detected: Value${shown} at '${where}' failed to satisfy constraint: ${constraint}`,
  );
}

/** Throws `ValidationException` unless the text has `least` to `most` characters. */
export function requireLength(member: string, text: string, least: number, most: number): void {
  if (text.length < least) throw violation(member, `Member must have length greater than or equal to ${least}`);
  if (text.length > most) throw violation(member, `Member must have length less than or equal to ${most}`);
}

/** Throws `ValidationException` unless the number is in the range. */
export function requireRange(member: string, value: number, least: number, most: number): void {
  const shown = ` '${value}'`;
  if (value < least) throw violation(member, `Member must have value greater than or equal to ${least}`, shown);
  if (value > most) throw violation(member, `Member must have value less than or equal to ${most}`, shown);
}

/** Throws `ValidationException` unless the text is one of `allowed`. */
export function requireOneOf(member: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) {
    throw violation(member, `Member must satisfy enum value set: [${allowed.join(', ')}]`, ` '${value}'`);
  }
}

function ofType<T>(input: JsonInput, member: string, isType: (value: unknown) => boolean): T | undefined {
  const value = input[member] ?? undefined;
  if (value !== undefined && !isType(value)) throw serializationError();
  return value as T | undefined;
}

function asObject(value: unknown): JsonInput {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw serializationError();
  return value as JsonInput;
}

function serializationError(): AwsServiceError {
  return new AwsServiceError(400, 'SerializationException', '');
}
