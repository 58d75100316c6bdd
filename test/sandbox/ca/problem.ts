/**
 * Refusals as RFC 8555, section 6.7, words them: problem documents (RFC 9457) whose types are ACME's.
 */
export const PROBLEM_NAMESPACE = 'urn:ietf:params:acme:error:';

/** Problem types and the HTTP status that Boulder sends with each (`probs/probs.go`). */
const STATUS_OF = {
  accountDoesNotExist: 400,
  alreadyReplaced: 409,
  alreadyRevoked: 400,
  badCSR: 400,
  badNonce: 400,
  badPublicKey: 400,
  badRevocationReason: 400,
  badSignatureAlgorithm: 400,
  caa: 403,
  conflict: 409,
  connection: 400,
  dns: 400,
  externalAccountRequired: 403,
  invalidContact: 400,
  invalidProfile: 400,
  malformed: 400,
  orderNotReady: 403,
  rateLimited: 429,
  rejectedIdentifier: 400,
  serverInternal: 500,
  unauthorized: 403,
  unsupportedContact: 400,
  unsupportedIdentifier: 400,
} as const;

export type ProblemType = keyof typeof STATUS_OF;

/** A problem document as it goes over the wire. */
export interface ProblemDocument {
  readonly type: string;
  readonly detail: string;
  readonly status: number;
  readonly subproblems?: readonly Subproblem[];
  /** With `badSignatureAlgorithm` only (RFC 8555, section 6.2). */
  readonly algorithms?: readonly string[];
}

/** What is wrong with one identifier (RFC 8555, section 6.7.1). */
export interface Subproblem {
  readonly type: string;
  readonly detail: string;
  readonly status: number;
  readonly identifier: { readonly type: string; readonly value: string };
}

/** The CA says no. The server renders it as a problem document. */
export class AcmeProblem extends Error {
  override readonly name = 'AcmeProblem';
  readonly document: ProblemDocument;
  /** Sent along, for example `Location`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    type: ProblemType,
    detail: string,
    options: {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly subproblems?: readonly Subproblem[];
      readonly algorithms?: readonly string[];
    } = {},
  ) {
    super(detail);
    this.headers = options.headers ?? {};
    this.document = {
      ...problemDocument(type, detail, options.status),
      ...(options.subproblems && { subproblems: options.subproblems }),
      ...(options.algorithms && { algorithms: options.algorithms }),
    };
  }
}

/** Boulder has no problem type of its own for what does not exist: it is `malformed` with status 404. */
export function notFound(detail: string): AcmeProblem {
  return new AcmeProblem('malformed', detail, { status: 404 });
}

export function problemDocument(type: ProblemType, detail: string, status: number = STATUS_OF[type]): ProblemDocument {
  return { type: PROBLEM_NAMESPACE + type, detail, status };
}
