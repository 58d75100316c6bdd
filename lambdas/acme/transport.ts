import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { RenewalFailure } from '../core/failure.ts';
import { problemOfUrl, shownUrl, type UrlRules } from './acme-url.ts';
import { networkFailure } from './network-failure.ts';
import { publicLookup } from './public-address.ts';
import { USER_AGENT } from './user-agent.ts';

/** How to reach a CA. */
export interface Connection extends UrlRules {
  /** PEM, one root each, trusted in addition to the system's. */
  readonly roots?: readonly string[];
}

/** An answer of the CA, whatever its status is (redirects excepted). */
export interface Answer {
  readonly url: string;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The JSON object in the body; the body as text when it is none, or nested deeper than 64 levels. */
  readonly data: unknown;
}

export type Method = 'GET' | 'HEAD' | 'POST';

/** Sends one request, once. Throws `ca-unreachable` without an answer, `ca-misbehaved` with one that is no answer. */
export type Transport = (method: Method, url: string, body?: string) => Promise<Answer>;

/** From connecting to the last byte of the answer. Real time, whatever clock the rest runs on. */
const TIME_OUT_MILLISECONDS = 20_000;

/** A hundred times what the largest of ACME's resources needs. */
const LARGEST_BODY = 1024 * 1024;

/** ACME's resources nest five levels deep. Code that walks through thousands of them runs out of stack. */
const DEEPEST_JSON = 64;

/** Makes a transport with its own connections, trust and rules. */
export function createTransport(connection: Connection, timeOutMilliseconds = TIME_OUT_MILLISECONDS): Transport {
  const sockets = { keepAlive: true, ...(connection.allowPrivateAddresses ? {} : { lookup: publicLookup }) };
  // Without additional roots the system's hold, which Node parses once per process.
  const { roots = [] } = connection;
  const http = new HttpAgent(sockets);
  const https = new HttpsAgent({ ...sockets, ...(roots.length > 0 ? { secureContext: trusting(roots) } : {}) });

  return async (method, url, body) => {
    const problem = problemOfUrl(url, connection);
    if (problem) throw new RenewalFailure('ca-misbehaved', `nothing was sent to ${shownUrl(url)}: it ${problem}`);
    const signal = AbortSignal.timeout(timeOutMilliseconds);
    try {
      const target = new URL(url);
      const secure = target.protocol === 'https:';
      const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
        const outgoing = (secure ? httpsRequest : httpRequest)(
          target,
          { method, signal, agent: secure ? https : http, headers: headersOf(body) },
          resolve,
        );
        outgoing.on('error', reject);
        // Whoever switches to another protocol (RFC 9110, section 15.2.2) gives neither an answer nor an error.
        outgoing.on('close', () => reject(new Error('the connection was closed without an answer')));
        outgoing.end(body);
      });
      const answer = await readAnswer(method, url, incoming);
      // A body without a length ends with its connection, also when it is us who ended that.
      signal.throwIfAborted();
      return answer;
    } catch (error) {
      const timeOut = signal.aborted ? timeOutMilliseconds : undefined;
      throw error instanceof RenewalFailure ? error : networkFailure(error, { method, url, timeOut });
    }
  };
}

let latest: { readonly roots: string; readonly context: SecureContext } | undefined;

/** The system's roots and these. Parsing all of them takes tens of milliseconds: not for each connection, nor each transport. */
function trusting(roots: readonly string[]): SecureContext {
  const key = roots.join();
  if (latest?.roots !== key) {
    latest = { roots: key, context: createSecureContext({ ca: [...getCACertificates('default'), ...roots] }) };
  }
  return latest.context;
}

function headersOf(body: string | undefined): Record<string, string> {
  return {
    'User-Agent': USER_AGENT,
    // RFC 8555, section 6.1: problem documents may be localized.
    'Accept-Language': 'en',
    Accept: 'application/json, application/problem+json, application/pem-certificate-chain',
    ...(body === undefined ? {} : { 'Content-Type': 'application/jose+json' }),
  };
}

async function readAnswer(method: Method, url: string, incoming: IncomingMessage): Promise<Answer> {
  const { statusCode: status = 0, headers } = incoming;
  if (status >= 300 && status < 400) {
    incoming.destroy();
    const target = headers.location === undefined ? 'nowhere' : shownUrl(headers.location);
    throw new RenewalFailure(
      'ca-misbehaved',
      `${shownUrl(url)} redirects to ${target} (HTTP ${status}), which is not followed; ` +
        "if the CA has moved, put its new directory into the issuer's directoryUrl",
    );
  }
  const body = await readBody(method, url, incoming);
  return { url, status, headers, data: jsonObject(body) ?? body };
}

async function readBody(method: Method, url: string, incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    chunks.push(chunk);
    // Leaving the loop destroys the connection.
    if (length > LARGEST_BODY) {
      throw new RenewalFailure(
        'ca-misbehaved',
        `the answer to ${method} ${shownUrl(url)} is larger than ${LARGEST_BODY} bytes; the rest was not read`,
      );
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonObject(text: string): object | undefined {
  if (!text.trimStart().startsWith('{') || isDeep(text)) return undefined;
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}

/** One look at each character: a pattern would look for the end of a string that has none from each of its quotes. */
function isDeep(json: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at];
    if (character === '"') quoted = !quoted;
    else if (quoted) at += character === '\\' ? 1 : 0;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    if (depth > DEEPEST_JSON) return true;
  }
  return false;
}
