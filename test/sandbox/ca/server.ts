import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Calls } from '../calls.ts';
import type { FaultAction, FaultError, Faults } from '../faults.ts';
import { type AccountKey, readAccountKey } from './account-key.ts';
import { account, keyChange, newAccount } from './accounts.ts';
import type { AccountRequest, Authority, CaAnswer, CaRequest, KeyRequest } from './authority.ts';
import { authorization, challenge } from './authorizations.ts';
import { certificate, revokeCert } from './certificates.ts';
import { directory, newNonce } from './directory.ts';
import { finalize } from './finalize.ts';
import { type ProtectedHeader, parseJws, parseObject, signerOf, verifyJws } from './jws.ts';
import { Nonces } from './nonces.ts';
import { newOrder, order } from './orders.ts';
import { AcmeProblem, notFound, PROBLEM_NAMESPACE, type ProblemDocument } from './problem.ts';
import type { Account } from './registry.ts';
import { renewalInfo } from './renewal-info.ts';

type Handler<Request> = (authority: Authority, request: Request) => CaAnswer | Promise<CaAnswer>;

/** One kind of resource: where it is, whether it can be read with GET, and who signs a POST. */
type Resource = { readonly operation: string; readonly path: RegExp } & (
  | { readonly get: Handler<CaRequest>; readonly signer?: 'kid' }
  | { readonly signer: 'kid'; readonly post: Handler<AccountRequest> }
  | { readonly signer: 'jwk'; readonly post: Handler<KeyRequest> }
  | { readonly signer: 'either'; readonly post: Handler<CaRequest> }
);

/**
 * RFC 8555, section 7.1. Only the directory and newNonce are read with GET or POST-as-GET, renewalInfo with GET alone;
 * everything else is a signed POST (section 6.3).
 */
const RESOURCES: readonly Resource[] = [
  { operation: 'acme:directory', path: /^\/directory$/, get: directory, signer: 'kid' },
  { operation: 'acme:newNonce', path: /^\/acme\/new-nonce$/, get: newNonce, signer: 'kid' },
  { operation: 'acme:newAccount', path: /^\/acme\/new-acct$/, signer: 'jwk', post: newAccount },
  { operation: 'acme:account', path: /^\/acme\/acct\/(\d+)$/, signer: 'kid', post: account },
  { operation: 'acme:newOrder', path: /^\/acme\/new-order$/, signer: 'kid', post: newOrder },
  { operation: 'acme:order', path: /^\/acme\/order\/(\d+)\/(\d+)$/, signer: 'kid', post: order },
  { operation: 'acme:authorization', path: /^\/acme\/authz\/(\d+)\/(\d+)$/, signer: 'kid', post: authorization },
  { operation: 'acme:challenge', path: /^\/acme\/chall\/(\d+)\/(\d+)\/([\w-]+)$/, signer: 'kid', post: challenge },
  { operation: 'acme:finalize', path: /^\/acme\/finalize\/(\d+)\/(\d+)$/, signer: 'kid', post: finalize },
  { operation: 'acme:certificate', path: /^\/acme\/cert\/([0-9a-f]+)(?:\/(\d+))?$/, signer: 'kid', post: certificate },
  { operation: 'acme:renewalInfo', path: /^\/acme\/renewal-info\/([^/]*)$/, get: renewalInfo },
  { operation: 'acme:revokeCert', path: /^\/acme\/revoke-cert$/, signer: 'either', post: revokeCert },
  { operation: 'acme:keyChange', path: /^\/acme\/key-change$/, signer: 'kid', post: keyChange },
];

/** As Boulder. */
const LARGEST_BODY = 50_000;
const JWS_CONTENT_TYPE = 'application/jose+json';

export interface FrontOptions {
  readonly authority: Authority;
  readonly calls: Calls;
  readonly faults: Faults;
  /** What went wrong in the CA itself. */
  readonly bugs: unknown[];
}

/**
 * The HTTP side of the CA: finds the resource, counts the call, verifies the request (RFC 8555, section 6), applies
 * faults and renders answers and problems. Every answer but a GET's has a fresh nonce.
 */
export function createFront(options: FrontOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const nonces = new Nonces();
  return (request, response) => {
    void answer(options, nonces, request)
      .catch((error: unknown) => {
        options.bugs.push(error);
        const detail = 'The sandbox CA has a bug: see ca.bugs.';
        return render({ type: `${PROBLEM_NAMESPACE}serverInternal`, detail, status: 500 });
      })
      .then((answered) => {
        if (answered === 'drop') request.socket.destroy();
        else send(options.authority, nonces, request, response, answered);
      });
  };
}

async function answer(
  { authority, calls, faults }: FrontOptions,
  nonces: Nonces,
  message: IncomingMessage,
): Promise<CaAnswer | 'drop'> {
  let body: string | undefined;
  try {
    body = await readBody(message);
  } catch {
    // The client hung up in the middle of its request.
    return 'drop';
  }
  try {
    const url = new URL(message.url ?? '/', authority.urls.directory);
    const found = findResource(url.pathname);
    if (!found) throw notFound('Resource not found');
    const { resource, parameters } = found;
    calls.count(resource.operation);
    await authority.clock.hold(authority.settings.requestLatencyMilliseconds);
    const method = message.method ?? 'GET';
    requireMethod(resource, method);
    const signed = method === 'POST' ? authenticate(authority, nonces, resource, message, body, url.href) : undefined;
    const request: CaRequest = {
      operation: resource.operation,
      method,
      url: url.href,
      parameters,
      text: signed?.text ?? '',
      payload: signed?.payload,
      account: signed?.account,
      key: signed?.key,
    };
    const before = await faults.at('before', resource.operation, request);
    const repeated = before !== undefined && 'repeat' in before;
    if (before && !repeated) return faultAnswer(before);
    const answered = await handle(authority, resource, request);
    // Also when the second delivery is refused: what watches has to hear of the effect when it happens.
    const after = await faults.at('after', resource.operation, request);
    if (repeated && signed) throw badNonce();
    if (repeated) return await handle(authority, resource, request);
    return after ? faultAnswer(after) : answered;
  } catch (error) {
    if (error instanceof AcmeProblem) return render(error.document, error.headers);
    throw error;
  }
}

function findResource(path: string): { resource: Resource; parameters: readonly string[] } | undefined {
  for (const resource of RESOURCES) {
    const match = resource.path.exec(path);
    // An optional part that is missing is no parameter.
    if (match) return { resource, parameters: match.slice(1).filter((parameter) => parameter !== undefined) };
  }
  return undefined;
}

function requireMethod(resource: Resource, method: string): void {
  const allowed = [...('get' in resource ? ['GET', 'HEAD'] : []), ...(resource.signer ? ['POST'] : [])];
  if (allowed.includes(method)) return;
  throw new AcmeProblem('malformed', 'Method not allowed', { status: 405, headers: { Allow: allowed.join(', ') } });
}

function handle(authority: Authority, resource: Resource, request: CaRequest): CaAnswer | Promise<CaAnswer> {
  if ('get' in resource) {
    if (request.text !== '') {
      throw new AcmeProblem('malformed', 'Unable to validate JWS :: POST-as-GET requests must have an empty payload');
    }
    return resource.get(authority, request);
  }
  const { account, key } = request;
  if (resource.signer === 'either') return resource.post(authority, request);
  if (!key) throw new TypeError(`${request.operation} was not authenticated`);
  if (resource.signer === 'jwk') return resource.post(authority, { ...request, key });
  if (!account) throw new TypeError(`${request.operation} was not authenticated`);
  return resource.post(authority, { ...request, key, account });
}

interface Signed {
  readonly text: string;
  readonly payload: Record<string, unknown> | undefined;
  readonly account: Account | undefined;
  readonly key: AccountKey;
}

/** RFC 8555, section 6.2 to 6.5; signature before nonce before URL, as Boulder, so a forged request costs no nonce. */
function authenticate(
  authority: Authority,
  nonces: Nonces,
  { signer }: Resource,
  message: IncomingMessage,
  body: string | undefined,
  url: string,
): Signed {
  if (message.headers['content-type'] !== JWS_CONTENT_TYPE) {
    throw malformed(`Invalid Content-Type header on POST. Content-Type must be "${JWS_CONTENT_TYPE}"`, 415);
  }
  if (message.headers['replay-nonce'] !== undefined) {
    throw malformed('HTTP requests should NOT contain Replay-Nonce header. Use JWS nonce field');
  }
  if (body === undefined) throw new AcmeProblem('unauthorized', 'Unable to validate JWS :: request body too large');
  const jws = parseJws(body);
  const given = signerOf(jws.header);
  if (signer === 'kid' && given !== 'kid') throw malformed('No Key ID in JWS header');
  if (signer === 'jwk' && given !== 'jwk') throw malformed('No embedded JWK in JWS header');
  if (given === undefined) throw malformed('Malformed JWS, no KeyID or embedded JWK');
  const account = given === 'kid' ? accountOf(authority, jws.header) : undefined;
  const key = account?.key ?? readAccountKey(jws.header.jwk);
  verifyJws(jws, key);
  requireNonce(authority, nonces, jws.header);
  if (jws.header.url !== url) {
    throw malformed(
      jws.header.url === undefined
        ? "JWS header parameter 'url' required"
        : `JWS header parameter 'url' incorrect. Expected "${url}" got "${jws.header.url}"`,
    );
  }
  const payload = jws.payload === '' ? undefined : parseObject(jws.payload);
  if (jws.payload !== '' && !payload) throw malformed('Request payload did not parse as JSON');
  return { text: jws.payload, payload, account, key };
}

function accountOf({ registry, urls }: Authority, { kid = '' }: ProtectedHeader): Account {
  const id = Number(/\/acme\/acct\/(\d+)$/.exec(kid)?.[1]);
  if (kid !== urls.account(id)) throw malformed(`KeyID header contained an invalid account URL: "${kid}"`);
  const account = registry.account(id);
  if (!account) throw new AcmeProblem('accountDoesNotExist', `Unable to validate JWS :: Account "${kid}" not found`);
  if (account.status !== 'valid') {
    throw new AcmeProblem(
      'unauthorized',
      `Unable to validate JWS :: Account is not valid, has status "${account.status}"`,
    );
  }
  return account;
}

function requireNonce({ settings }: Authority, nonces: Nonces, { nonce }: ProtectedHeader): void {
  const good = nonces.redeem(nonce);
  const unlucky = settings.nonceRejection > 0 && settings.random() < settings.nonceRejection;
  if (!good || unlucky) {
    throw badNonce();
  }
}

/** Also what a signed request gets that arrives a second time (RFC 8555, section 6.5). */
function badNonce(): AcmeProblem {
  return new AcmeProblem('badNonce', 'Unable to validate JWS :: JWS has an invalid anti-replay nonce');
}

/** `undefined` when the body is larger than the CA reads. */
async function readBody(message: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= LARGEST_BODY) chunks.push(chunk);
  }
  return length > LARGEST_BODY ? undefined : Buffer.concat(chunks).toString();
}

function faultAnswer(action: FaultAction): CaAnswer | 'drop' {
  return 'error' in action ? renderFault(action.error) : 'drop';
}

/** A fault whose headers name a content type sends its message as it is: a proxy's HTML page, say. */
function renderFault({ status, name, message, headers = {} }: FaultError): CaAnswer {
  if (Object.keys(headers).some((header) => header.toLowerCase() === 'content-type')) {
    return { status, headers, body: message };
  }
  return render({ type: PROBLEM_NAMESPACE + name, detail: message, status }, headers);
}

function render(document: ProblemDocument, headers: CaAnswer['headers'] = {}): CaAnswer {
  return {
    status: document.status,
    headers: { 'Content-Type': 'application/problem+json', ...headers },
    body: JSON.stringify(document, null, 2),
  };
}

function send(
  { urls }: Authority,
  nonces: Nonces,
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: CaAnswer,
): void {
  const path = new URL(request.url ?? '/', urls.directory).pathname;
  response.setHeader('Cache-Control', 'public, max-age=0, no-cache');
  if (request.method !== 'GET' || path === new URL(urls.newNonce).pathname) {
    response.setHeader('Replay-Nonce', nonces.issue());
  }
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (path !== new URL(urls.directory).pathname) response.appendHeader('Link', `<${urls.directory}>;rel="index"`);
  response.statusCode = status;
  response.end(request.method === 'HEAD' ? undefined : body);
}

function malformed(detail: string, status = 400): AcmeProblem {
  return new AcmeProblem('malformed', `Unable to validate JWS :: ${detail}`, { status });
}
