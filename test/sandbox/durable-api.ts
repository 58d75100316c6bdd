import { answerJson, optionalText, readInput, requiredText, requireOneOf, requireRange, seconds } from './aws-json.ts';
import type { AwsAnswer, AwsRequest } from './aws-service.ts';
import type { DurableExecution } from './durable-execution.ts';
import type { DurableExecutions } from './durable-executions.ts';
import { requireExecutionArn } from './durable-names.ts';
import { invalidParameter, readErrorObject, readUpdates, requireErrorSize } from './durable-updates.ts';
import { parseFunctionName } from './lambda-names.ts';

type Answer = (request: AwsRequest, subject: string, executions: DurableExecutions) => AwsAnswer;

interface Operation {
  readonly name: string;
  readonly method: string;
  /** Its group is what the operation is about. */
  readonly path: RegExp;
  readonly answer: Answer;
}

const STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'STOPPED'];
const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1_000;

/** https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html, those of durable executions. */
const OPERATIONS: readonly Operation[] = [
  operation('CheckpointDurableExecution', 'POST', 'durable-executions', '/checkpoint', checkpoint),
  operation('GetDurableExecutionState', 'GET', 'durable-executions', '/state', state),
  operation('GetDurableExecution', 'GET', 'durable-executions', '', get),
  operation('StopDurableExecution', 'POST', 'durable-executions', '/stop', stop),
  operation('ListDurableExecutionsByFunction', 'GET', 'functions', '/durable-executions', list),
];

export function durableOperationOf({ method, path }: AwsRequest): string | undefined {
  return OPERATIONS.find((operation) => operation.method === method && operation.path.test(path))?.name;
}

/** Does the operation. Throws `AwsServiceError` for what AWS refuses. */
export function answerDurable(name: string, request: AwsRequest, executions: DurableExecutions): AwsAnswer {
  const operation = OPERATIONS.find((candidate) => candidate.name === name);
  if (!operation) throw new Error(`The sandbox has no operation ${name}.`);
  const [, subject = ''] = operation.path.exec(request.path) ?? [];
  return operation.answer(request, decodeURIComponent(subject), executions);
}

function operation(name: string, method: string, kind: string, suffix: string, answer: Answer): Operation {
  return { name, method, path: new RegExp(`^/2025-12-01/${kind}/([^/]+)${suffix}$`), answer };
}

function checkpoint(request: AwsRequest, arn: string, executions: DurableExecutions): AwsAnswer {
  requireExecutionArn(arn);
  const input = readInput(request.body);
  const token = requiredText(input, 'CheckpointToken');
  return answerJson(executions.checkpoint(arn, token, optionalText(input, 'ClientToken'), readUpdates(input)));
}

function state({ query }: AwsRequest, arn: string, executions: DurableExecutions): AwsAnswer {
  requireExecutionArn(arn);
  const token = requiredText({ CheckpointToken: query.get('CheckpointToken') }, 'CheckpointToken');
  return answerJson(executions.state(arn, token, query.get('Marker') ?? undefined, pageSize(query)));
}

function get({ query }: AwsRequest, arn: string, executions: DurableExecutions): AwsAnswer {
  requireExecutionArn(arn);
  const execution = executions.get(arn);
  const { name, version, input, result, error, config } = execution;
  const withData = query.get('IncludeExecutionData') !== 'false';
  return answerJson({
    ...summary(execution),
    DurableExecutionName: name,
    Version: version,
    ...(withData ? { InputPayload: input, Result: result, Error: error } : {}),
    ExecutionDataIncluded: withData,
    DurableConfig: {
      ExecutionTimeout: config.executionTimeoutSeconds,
      RetentionPeriodInDays: config.retentionDays,
    },
  });
}

function stop(request: AwsRequest, arn: string, executions: DurableExecutions): AwsAnswer {
  requireExecutionArn(arn);
  const error = readErrorObject(readInput(request.body)) ?? {};
  requireErrorSize(error);
  return answerJson({ StopTimestamp: seconds(executions.stop(arn, error)) });
}

/** The newest first, unless `ReverseOrder`. */
function list({ query, region }: AwsRequest, functionName: string, executions: DurableExecutions): AwsAnswer {
  const { name, qualifier } = parseFunctionName(functionName, query.get('Qualifier') ?? undefined);
  const statuses = query.getAll('Statuses');
  for (const status of statuses) requireOneOf('Statuses', status, STATUSES);
  const executionName = query.get('DurableExecutionName');
  const found = executions
    .retained()
    .filter(
      (execution) =>
        execution.functionName === name &&
        execution.arn.split(':')[3] === region &&
        (qualifier === undefined || execution.version === qualifier) &&
        (executionName === null || execution.name === executionName) &&
        (statuses.length === 0 || statuses.includes(execution.status)),
    );
  const ordered = query.get('ReverseOrder') === 'true' ? found : found.toReversed();
  const from = Number(query.get('Marker') || 0);
  if (!Number.isInteger(from) || from < 0) throw invalidParameter('Invalid Marker');
  const to = from + (pageSize(query) || DEFAULT_PAGE);
  return answerJson({
    DurableExecutions: ordered.slice(from, to).map(summary),
    ...(to < ordered.length ? { NextMarker: String(to) } : {}),
  });
}

function summary({ arn, name, status, startedAt, endedAt }: DurableExecution): object {
  return {
    DurableExecutionArn: arn,
    DurableExecutionName: name,
    FunctionArn: arn.slice(0, arn.indexOf('/')),
    Status: status,
    StartTimestamp: seconds(startedAt),
    EndTimestamp: endedAt === undefined ? undefined : seconds(endedAt),
  };
}

/** 0, like nothing, is the default. */
function pageSize(query: URLSearchParams): number | undefined {
  const given = query.get('MaxItems');
  if (given === null) return undefined;
  requireRange('MaxItems', Number(given), 0, LARGEST_PAGE);
  return Number(given);
}
