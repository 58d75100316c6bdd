import {
  type JsonInput,
  optionalFlag,
  optionalInteger,
  optionalObject,
  optionalObjects,
  optionalText,
  optionalTexts,
  requiredText,
  requireLength,
  requireOneOf,
  requireRange,
} from './aws-json.ts';
import { AwsServiceError } from './aws-service.ts';
import { requirePattern } from './durable-names.ts';

export type OperationType = 'EXECUTION' | 'CONTEXT' | 'STEP' | 'WAIT';
export type OperationAction = 'START' | 'SUCCEED' | 'FAIL' | 'RETRY' | 'CANCEL';

/** https://docs.aws.amazon.com/lambda/latest/api/API_ErrorObject.html */
export interface ErrorObject {
  readonly ErrorType?: string;
  readonly ErrorMessage?: string;
  readonly ErrorData?: string;
  readonly StackTrace?: readonly string[];
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_OperationUpdate.html */
export interface OperationUpdate {
  readonly id: string;
  readonly parentId?: string;
  readonly name?: string;
  readonly type: OperationType;
  readonly subType?: string;
  readonly action: OperationAction;
  readonly payload?: string;
  readonly error?: ErrorObject;
  readonly replayChildren?: boolean;
  readonly nextAttemptDelaySeconds?: number;
  readonly waitSeconds?: number;
}

const EMULATED: readonly string[] = ['EXECUTION', 'CONTEXT', 'STEP', 'WAIT'];
const TYPES = [...EMULATED, 'CALLBACK', 'CHAINED_INVOKE'];
const ACTIONS = ['START', 'SUCCEED', 'FAIL', 'RETRY', 'CANCEL'];
/** A year of 366 days. */
const LONGEST_DELAY_SECONDS = 31_622_400;
const LARGEST_PAYLOAD = 256 * 1024;
/** What it is called when it is refused: "less than". */
const LARGEST_ERROR = 32 * 1024;

/**
 * Reads `Updates`. Throws `ValidationException` for what the API's model rules out, `InvalidParameterValueException` for
 * a payload or an error that is too large, and an ordinary error for operations that the sandbox doesn't emulate.
 */
export function readUpdates(input: JsonInput): readonly OperationUpdate[] {
  return (optionalObjects(input, 'Updates') ?? []).map(readUpdate);
}

function readUpdate(input: JsonInput): OperationUpdate {
  const type = requiredText(input, 'Type');
  const action = requiredText(input, 'Action');
  requireOneOf('Type', type, TYPES);
  requireOneOf('Action', action, ACTIONS);
  if (!EMULATED.includes(type)) throw new Error(`The sandbox doesn't emulate ${type} operations.`);
  const update: OperationUpdate = {
    id: requiredText(input, 'Id'),
    parentId: optionalText(input, 'ParentId'),
    name: optionalText(input, 'Name'),
    type: type as OperationType,
    subType: optionalText(input, 'SubType'),
    action: action as OperationAction,
    payload: optionalText(input, 'Payload'),
    error: readErrorObject(optionalObject(input, 'Error')),
    replayChildren: optionalFlag(optionalObject(input, 'ContextOptions') ?? {}, 'ReplayChildren'),
    nextAttemptDelaySeconds: optionalInteger(optionalObject(input, 'StepOptions') ?? {}, 'NextAttemptDelaySeconds'),
    waitSeconds: optionalInteger(optionalObject(input, 'WaitOptions') ?? {}, 'WaitSeconds'),
  };
  requireModel(update);
  if (type !== 'EXECUTION') requireSize(`${type} payload size`, update.payload, LARGEST_PAYLOAD);
  requireErrorSize(update.error);
  return update;
}

export function readErrorObject(input: JsonInput | undefined): ErrorObject | undefined {
  if (input === undefined) return undefined;
  return {
    ErrorType: optionalText(input, 'ErrorType'),
    ErrorMessage: optionalText(input, 'ErrorMessage'),
    ErrorData: optionalText(input, 'ErrorData'),
    StackTrace: optionalTexts(input, 'StackTrace'),
  };
}

export function errorBytes(error: ErrorObject | undefined): number {
  return error === undefined ? 0 : Buffer.byteLength(JSON.stringify(error));
}

/** Throws `InvalidParameterValueException` unless `text` has `most` bytes at most. */
export function requireSize(what: string, text: string | undefined, most: number): void {
  if (Buffer.byteLength(text ?? '') <= most) return;
  throw invalidParameter(`${what} must be less than or equal to ${most} bytes.`);
}

export function requireErrorSize(error: ErrorObject | undefined): void {
  if (errorBytes(error) < LARGEST_ERROR) return;
  throw invalidParameter(`Error object size must be less than ${LARGEST_ERROR} bytes.`);
}

export function invalidParameter(message: string): AwsServiceError {
  return new AwsServiceError(400, 'InvalidParameterValueException', message);
}

function requireModel({ id, parentId, name, subType, nextAttemptDelaySeconds, waitSeconds }: OperationUpdate): void {
  const text = (member: string, value: string | undefined, most: number, pattern: RegExp) => {
    if (value === undefined) return;
    requireLength(member, value, 1, most);
    requirePattern(member, value, pattern);
  };
  text('Id', id, 64, /^[a-zA-Z0-9-_]+$/);
  text('ParentId', parentId, 64, /^[a-zA-Z0-9-_]+$/);
  text('Name', name, 256, /^[\x20-\x7E]+$/);
  text('SubType', subType, 32, /^[a-zA-Z0-9-_]+$/);
  if (nextAttemptDelaySeconds !== undefined) {
    requireRange('NextAttemptDelaySeconds', nextAttemptDelaySeconds, 1, LONGEST_DELAY_SECONDS);
  }
  if (waitSeconds !== undefined) requireRange('WaitSeconds', waitSeconds, 1, LONGEST_DELAY_SECONDS);
}
