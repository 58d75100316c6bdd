import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { renderAwsError, UNKNOWN_OPERATION } from './aws-error.ts';
import { type Authorizer, type AwsAnswer, type AwsRequest, type AwsService, AwsServiceError } from './aws-service.ts';
import type { Calls } from './calls.ts';
import { readCredentialScope } from './credential-scope.ts';
import type { FaultAction, Faults } from './faults.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface AwsServerOptions {
  readonly services: readonly AwsService[];
  readonly clock: VirtualClock;
  readonly calls: Calls;
  readonly faults: Faults;
  /** How long each request takes, virtual milliseconds; none when left out. */
  readonly latency?: number;
  /** Asked about every request that a run of the clock sends in somebody's name; all are served when left out. */
  readonly authorizer?: Authorizer;
}

export interface AwsServer {
  /** For `AWS_ENDPOINT_URL`. */
  readonly url: string;
  /** What went wrong in the sandbox itself, and requests that no service knows. A test with any proves nothing. */
  readonly bugs: readonly Error[];
  /** Closes every connection. */
  stop(): Promise<void>;
}

/** Above Lambda's 6 MB, so that the service itself refuses what is too large for it. */
const LARGEST_BODY = 8 * 1024 * 1024;

/**
 * One endpoint on loopback for all emulated services. It finds the service and the operation, counts the call, applies
 * faults, and renders refusals in the service's protocol. A signature must be there but is not verified: the sandbox
 * knows no secret keys, and virtual time differs from the time that a client signs.
 */
export async function startAwsServer(options: AwsServerOptions): Promise<AwsServer> {
  const bugs: Error[] = [];
  const server = createServer((message, response) => {
    void serve(options, bugs, message, response);
  });
  // A connection that is closed for idleness, in real time, just when a client uses it would fail a test by chance.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    bugs,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  options: AwsServerOptions,
  bugs: Error[],
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let body: string | undefined;
  try {
    body = await readBody(message);
  } catch {
    // The client hung up in the middle of its request.
    message.socket.destroy();
    return;
  }
  const requestId = randomUUID();
  const answered = await answer(options, bugs, message, body, requestId);
  if (answered === 'drop') {
    message.socket.destroy();
    return;
  }
  response.writeHead(answered.status, {
    'x-amzn-requestid': requestId,
    'content-length': Buffer.byteLength(answered.body),
    ...answered.headers,
  });
  response.end(answered.body);
}

async function answer(
  { services, clock, calls, faults, latency, authorizer }: AwsServerOptions,
  bugs: Error[],
  message: IncomingMessage,
  body: string | undefined,
  requestId: string,
): Promise<AwsAnswer | 'drop'> {
  // Now, while whoever asks certainly waits for the answer.
  const caller = clock.caller();
  const scope = readCredentialScope(message.headers.authorization);
  const request = parse(message, body ?? '', scope);
  const operations = services.map((service) => ({ service, operation: service.operationOf(request) }));
  const found = operations.find(({ operation }) => operation !== undefined);
  const service = found?.service ?? services.find(({ name }) => name === scope?.service);
  const refuse = (refusal: AwsServiceError) => renderAwsError(service?.protocol ?? 'rest-xml', refusal, requestId);
  const applied = (action: FaultAction) => {
    if (!('error' in action)) return 'drop';
    const { status, name, message: text, headers } = action.error;
    const refused = refuse(new AwsServiceError(status, name, text));
    return { ...refused, headers: { ...refused.headers, ...headers } };
  };

  if (body === undefined) return refuse(new AwsServiceError(413, 'RequestEntityTooLarge', 'Request Entity Too Large'));
  if (scope === undefined) {
    return refuse(unsigned(service, message.headers.authorization));
  }
  if (found?.operation === undefined) {
    const asked = request.headers['x-amz-target'] ?? `${request.method} ${request.path}`;
    bugs.push(new Error(`No service of the sandbox knows ${asked} (signed for ${scope.service}).`));
    return refuse(new AwsServiceError(service?.protocol === 'json-1.1' ? 400 : 404, UNKNOWN_OPERATION, ''));
  }

  const operation = `${found.service.name}:${found.operation}`;
  calls.count(operation);
  try {
    if (latency) await clock.hold(latency);
    const before = await faults.at('before', operation, request);
    const repeated = before !== undefined && 'repeat' in before;
    if (before && !repeated) return applied(before);
    const refused =
      caller === undefined ? undefined : await authorizer?.refusal(caller, found.service, found.operation, request);
    if (refused) return refuse(refused);
    if (repeated) await answerOrRefuse(found.service, found.operation, request, requestId);
    const answered = await answerOrRefuse(found.service, found.operation, request, requestId);
    const after = await faults.at('after', operation, request);
    return after ? applied(after) : answered;
  } catch (error) {
    bugs.push(error instanceof Error ? error : new Error(`${operation} threw ${String(error)}`, { cause: error }));
    return refuse(
      new AwsServiceError(500, 'InternalFailure', `The sandbox has a bug in ${operation}: see server.bugs.`),
    );
  }
}

async function answerOrRefuse(
  service: AwsService,
  operation: string,
  request: AwsRequest,
  requestId: string,
): Promise<AwsAnswer> {
  try {
    const answered = await service.answer(operation, request);
    return { ...answered, headers: { 'content-type': CONTENT_TYPES[service.protocol], ...answered.headers } };
  } catch (error) {
    if (error instanceof AwsServiceError) return renderAwsError(service.protocol, error, requestId);
    throw error;
  }
}

const CONTENT_TYPES = {
  'rest-xml': 'text/xml',
  'json-1.1': 'application/x-amz-json-1.1',
  'rest-json': 'application/json',
} as const satisfies Record<AwsService['protocol'], string>;

function parse(message: IncomingMessage, body: string, scope: ReturnType<typeof readCredentialScope>): AwsRequest {
  const [path = '/', ...query] = (message.url ?? '/').split('?');
  return {
    method: message.method ?? 'GET',
    path,
    query: new URLSearchParams(query.join('?')),
    headers: Object.fromEntries(
      Object.entries(message.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
    ),
    body,
    region: scope?.region ?? '',
    accessKeyId: scope?.accessKeyId ?? '',
  };
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html, and each protocol's spelling of it. */
function unsigned(service: AwsService | undefined, authorization: string | undefined): AwsServiceError {
  const json = service !== undefined && service.protocol !== 'rest-xml';
  const status = service?.protocol === 'json-1.1' ? 400 : 403;
  return authorization === undefined
    ? new AwsServiceError(
        status,
        `MissingAuthenticationToken${json ? 'Exception' : ''}`,
        'Missing Authentication Token',
      )
    : new AwsServiceError(
        status,
        `IncompleteSignature${json ? 'Exception' : ''}`,
        'The Authorization header is no AWS Signature Version 4.',
      );
}

/** `undefined` when it is larger than any service takes. */
async function readBody(message: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Read to the end in any case, because a client that is still sending doesn't hear an answer.
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= LARGEST_BODY) chunks.push(chunk);
  }
  return size <= LARGEST_BODY ? Buffer.concat(chunks).toString('utf8') : undefined;
}
