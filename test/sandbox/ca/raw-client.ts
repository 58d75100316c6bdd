import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { readAccountKey } from './account-key.ts';
import type { SandboxCa } from './ca.ts';

/** An answer as it came, with its body as JSON where it is. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the CA answered; tests look into it.
  readonly json: any;
}

/** What a test does differently from a good client. */
interface Deviation {
  /** Replaces members of the protected header; `undefined` removes one. */
  readonly header?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Adds or replaces members of the JWS. */
  readonly jws?: Readonly<Record<string, unknown>>;
  /** Signs with this key. */
  readonly signWith?: KeyObject;
}

/** A key pair and the requests that it signs; knows no more of ACME than the tests tell it. */
export interface RawClient {
  readonly privateKey: KeyObject;
  readonly jwk: Readonly<Record<string, string>>;
  readonly thumbprint: string;
  /** Account URL; requests carry the key until it is set. */
  kid: string | undefined;
  get(url: string, method?: string): Promise<RawAnswer>;
  nonce(): Promise<string>;
  /** `payload` of `undefined` is POST-as-GET. */
  post(url: string, payload?: unknown, deviation?: Deviation): Promise<RawAnswer>;
  /** Creates the account and uses it from then on. */
  register(members?: Readonly<Record<string, unknown>>): Promise<RawAnswer>;
}

export function ecKey(namedCurve = 'P-256'): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).privateKey;
}

export function createRawClient(ca: SandboxCa, privateKey: KeyObject = ecKey()): RawClient {
  const { jwk, thumbprint } = publicPart(privateKey);
  const send = (method: string, url: string, body?: string, headers: Readonly<Record<string, string>> = {}) =>
    rawRequest(ca, method, url, body, headers);
  const client: RawClient = {
    privateKey,
    jwk,
    thumbprint,
    kid: undefined,
    get: (url, method = 'GET') => send(method, url),
    nonce: async () => {
      const { headers } = await send('HEAD', new URL('/acme/new-nonce', ca.directoryUrl).href);
      return String(headers['replay-nonce']);
    },
    post: async (url, payload, deviation = {}) => {
      const header = {
        nonce: await client.nonce(),
        url,
        ...(client.kid === undefined ? { jwk } : { kid: client.kid }),
        ...deviation.header,
      };
      const jws = signJws(deviation.signWith ?? privateKey, header, payload);
      return send('POST', url, JSON.stringify({ ...jws, ...deviation.jws }), {
        'Content-Type': 'application/jose+json',
        ...deviation.headers,
      });
    },
    register: async (members = {}) => {
      const url = new URL('/acme/new-acct', ca.directoryUrl).href;
      const answer = await client.post(url, { termsOfServiceAgreed: true, ...members });
      if (answer.status === 201) client.kid = answer.headers.location;
      return answer;
    },
  };
  return client;
}

/** A flattened JWS; `alg` follows from the key unless `header` says otherwise. */
export function signJws(
  privateKey: KeyObject,
  header: Readonly<Record<string, unknown>>,
  payload: unknown,
): { protected: string; payload: string; signature: string } {
  const protectedText = encode({ alg: algorithmOf(privateKey), ...header });
  const text = payload === undefined ? '' : typeof payload === 'string' ? toBase64url(payload) : encode(payload);
  const input = Buffer.from(`${protectedText}.${text}`);
  const hash = privateKey.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'sha384' : 'sha256';
  const key =
    privateKey.asymmetricKeyType === 'ec' ? { key: privateKey, dsaEncoding: 'ieee-p1363' as const } : privateKey;
  return { protected: protectedText, payload: text, signature: sign(hash, input, key).toString('base64url') };
}

/** An external account binding (RFC 8555, section 7.3.4). */
export function bindAccount(
  jwk: unknown,
  url: string,
  kid: string,
  hmacKey: string,
): { protected: string; payload: string; signature: string } {
  const protectedText = encode({ alg: 'HS256', kid, url });
  const payload = encode(jwk);
  const mac = createHmac('sha256', Buffer.from(hmacKey, 'base64url')).update(`${protectedText}.${payload}`);
  return { protected: protectedText, payload, signature: mac.digest('base64url') };
}

/** The TXT value that answers a DNS-01 challenge (RFC 8555, section 8.4). */
export function txtValue(token: string, thumbprint: string): string {
  return createHash('sha256').update(`${token}.${thumbprint}`).digest('base64url');
}

function publicPart(privateKey: KeyObject): { jwk: Readonly<Record<string, string>>; thumbprint: string } {
  const { d: _d, dp: _dp, dq: _dq, p: _p, q: _q, qi: _qi, ...jwk } = privateKey.export({ format: 'jwk' });
  return readAccountKey(jwk);
}

function algorithmOf(key: KeyObject): string {
  if (key.asymmetricKeyType === 'rsa') return 'RS256';
  return key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'ES384' : 'ES256';
}

function encode(value: unknown): string {
  return toBase64url(JSON.stringify(value));
}

function toBase64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function rawRequest(
  ca: SandboxCa,
  method: string,
  url: string,
  body: string | undefined,
  headers: Readonly<Record<string, string>>,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, ca: ca.httpsRoot, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject);
      response.on('end', () => {
        const isJson = /json/.test(response.headers['content-type'] ?? '') && text !== '';
        const json: unknown = isJson ? JSON.parse(text) : undefined;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
