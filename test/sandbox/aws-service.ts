/**
 * What an emulated AWS service looks like to the sandbox's one AWS endpoint (`aws-server.ts`), which parses requests,
 * finds the service that handles them, counts calls, applies faults and renders errors in the service's protocol.
 */
export interface AwsService {
  /** As in `Calls` and `Faults`: `route53`, `secretsmanager`, `acm`, `lambda`. */
  readonly name: string;
  readonly protocol: 'rest-xml' | 'json-1.1' | 'rest-json';
  /** The operation that a request asks for, for example `GetChange`; `undefined` when it is not this service's. */
  operationOf(request: AwsRequest): string | undefined;
  /** Does it. Throws `AwsServiceError` for every refusal that AWS documents. */
  answer(operation: string, request: AwsRequest): Promise<AwsAnswer>;
}

/** Who decides whether a request may be served. */
export interface Authorizer {
  /**
   * Whether `caller` (as `VirtualClock.caller` names it) may make this request. Answers with the refusal, as the service
   * words it; `undefined` when it may.
   */
  refusal(
    caller: string,
    service: AwsService,
    operation: string,
    request: AwsRequest,
  ): Promise<AwsServiceError | undefined>;
}

export interface AwsRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** From the SigV4 credential scope. */
  readonly region: string;
  readonly accessKeyId: string;
}

export interface AwsAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Rendered already: XML or JSON text. */
  readonly body: string;
}

/** A refusal, by AWS's own error name and message. */
export class AwsServiceError extends Error {
  readonly status: number;
  readonly errorName: string;

  constructor(status: number, errorName: string, message: string) {
    super(message);
    this.status = status;
    this.errorName = errorName;
  }
}
