import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { AcmeEndpoint } from '../../lambdas/acme/endpoint.ts';
import { createHttpsIdentity } from '../sandbox/ca/https-root.ts';

/** What a scripted CA answers: any status, any headers, any text (objects become JSON), or nothing at all. */
export type Scripted =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string | object }
  /** Closes the connection. */
  | 'drop'
  /** Never answers. */
  | 'hang'
  | ((response: ServerResponse) => void);

export interface ScriptedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Of a JWS; `undefined` for POST-as-GET and for what is no JWS. */
  readonly payload: Readonly<Record<string, unknown>> | undefined;
  /** Of a JWS. */
  readonly protected: Readonly<Record<string, unknown>>;
}

/** An HTTPS server that answers whatever a test wants, good or bad: nothing here knows ACME but the directory's shape. */
export interface ScriptedCa {
  readonly url: (path: string) => string;
  readonly host: string;
  readonly endpoint: AcmeEndpoint;
  readonly requests: ScriptedRequest[];
  /** Method and path of every request, in order: `POST /order`. */
  readonly asked: () => readonly string[];
  /** The next answers at `POST /path`; the last one stays. */
  readonly script: (methodAndPath: string, ...answers: readonly Scripted[]) => void;
  readonly stop: () => Promise<void>;
}

let identity: ReturnType<typeof createHttpsIdentity> | undefined;

/** Has a directory and nonces from the start, and gives a fresh nonce with every answer to a POST. */
export async function startScriptedCa(): Promise<ScriptedCa> {
  identity ??= createHttpsIdentity();
  const { root, key, certificate } = await identity;
  const server = createServer({ key, cert: certificate });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `localhost:${(server.address() as AddressInfo).port}`;
  const url = (path: string) => `https://${host}${path}`;
  const answers = new Map<string, Scripted[]>();
  const requests: ScriptedRequest[] = [];
  let nonces = 0;

  const ca: ScriptedCa = {
    url,
    host,
    endpoint: { directoryUrl: url('/directory'), caBundle: root, allowPrivateAddresses: true },
    requests,
    asked: () => requests.map(({ method, path }) => `${method} ${path}`),
    script: (at, ...scripted) => void answers.set(at, [...scripted]),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  ca.script('GET /directory', {
    body: { newNonce: url('/nonce'), newAccount: url('/account'), newOrder: url('/order'), renewalInfo: url('/ari') },
  });
  ca.script('HEAD /nonce', {});

  server.on('request', (message, response) => {
    void readRequest(message).then((request) => {
      requests.push(request);
      const queue = answers.get(`${request.method} ${request.path}`) ?? [{ status: 404, body: 'no such thing' }];
      const [next = 'drop'] = queue;
      if (queue.length > 1) queue.shift();
      if (next === 'hang') return;
      if (next === 'drop') {
        response.destroy();
        return;
      }
      nonces += 1;
      if (request.method !== 'GET') response.setHeader('Replay-Nonce', `nonce-${nonces}`);
      if (typeof next === 'function') {
        next(response);
        return;
      }
      const { status = 200, headers = {}, body = '' } = next;
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const type = typeof body === 'string' ? 'text/html' : 'application/json';
      response.writeHead(status, { 'Content-Type': type, ...headers }).end(text);
    });
  });
  return ca;
}

/** A problem document of ACME's. */
export function problem(
  type: string,
  status: number,
  members: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Scripted {
  const body = { type: `urn:ietf:params:acme:error:${type}`, status, detail: `words about ${type}`, ...members };
  return { status, body, headers: { 'Content-Type': 'application/problem+json', ...headers } };
}

async function readRequest(message: IncomingMessage): Promise<ScriptedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  const jws = body.startsWith('{') ? (JSON.parse(body) as { payload: string; protected: string }) : undefined;
  return {
    method: message.method ?? '',
    path: message.url ?? '',
    headers: message.headers,
    body,
    payload: jws?.payload ? decode(jws.payload) : undefined,
    protected: jws ? decode(jws.protected) : {},
  };
}

function decode(part: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}
