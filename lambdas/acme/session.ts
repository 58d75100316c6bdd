import { createPrivateKey } from 'node:crypto';
import AcmeClient from 'acme-client/src/client.js';
import { RenewalFailure } from '../core/failure.ts';
import { shownUrl } from './acme-url.ts';
import type { Clock } from './clock.ts';
import { type Directory, fetchDirectory } from './directory.ts';
import { type AcmeEndpoint, connectionTo } from './endpoint.ts';
import { type KnownCa, type KnownCas, knownCa } from './known-ca.ts';
import { isNonce } from './nonce-pool.ts';
import { toPkcs8 } from './private-key.ts';
import { parseProblem, shortType } from './problem.ts';
import { expectSuccess } from './refusal.ts';
import { repeat } from './repeat.ts';
import { type Answer, type Connection, createTransport, type Transport } from './transport.ts';

/**
 * One account key at one CA (RFC 8555). Each session has its connections and its trust; sessions with the same `cas` share
 * what the CA has told them in the last minutes, and no others do. To be used through the functions of this folder.
 */
export interface AcmeSession {
  /** How the CA is reached, and what its URLs are checked against. */
  readonly connection: Connection;
  readonly clock: Clock;
  /** Signs requests; what it sends goes through the session's transport. */
  readonly client: AcmeClient;
  readonly directory: () => Promise<Directory>;
}

/**
 * Opens a session without asking the CA for anything yet. `accountKey` is PEM, RSA or ECDSA. With `accountUrl`, requests
 * are signed for that account; without it, `findOrRegisterAccount` comes first.
 *
 * Throws `invalid-input` for a key, a URL or a bundle that can't be used.
 */
export function openSession(
  endpoint: AcmeEndpoint,
  options: {
    readonly accountKey: string;
    readonly accountUrl?: string;
    readonly clock: Clock;
    /** What the process knows of CAs. */
    readonly cas?: KnownCas;
  },
): AcmeSession {
  const { clock, accountUrl, cas = new Map() } = options;
  const connection = connectionTo(endpoint.directoryUrl, endpoint);
  const transport = createTransport(connection);
  const client = new AcmeClient({
    directoryUrl: endpoint.directoryUrl,
    accountKey: signingKey(options.accountKey),
    accountUrl: accountUrl ?? null,
  });
  const known = knownCa(cas, connection);
  const directory = rememberSuccess(() =>
    known.directory(
      () => clock.now(),
      () => fetchDirectory(transport, endpoint.directoryUrl, connection, clock),
    ),
  );
  sendThrough(transport, client, directory, known, clock);
  return { connection, clock, client, directory };
}

/** The CA's directory, fetched at most once in a session. Throws `ca-misbehaved` for one that is none. */
export function directoryOf(session: AcmeSession): Promise<Directory> {
  return session.directory();
}

/**
 * Puts our transport in the place of acme-client's: that one repeats requests with used nonces, sleeps for as long as
 * the CA says, has no time-out, shares its settings between all CAs, and loses what an error was. What is left of
 * acme-client is the signing.
 */
function sendThrough(
  transport: Transport,
  { http }: AcmeClient,
  directory: () => Promise<Directory>,
  { nonces }: KnownCa,
  clock: Clock,
): void {
  // `withFreshNonce` does that, where the answer's problem is known.
  http.maxBadNonceRetries = 0;
  http.getDirectory = directory;
  http.getNonce = async () => nonces.take(clock.now()) ?? newNonce(transport, (await directory()).newNonce, clock);
  http.request = async (url, _method, { data } = {}): Promise<Answer> => {
    const answer = await transport('POST', url, JSON.stringify(data));
    if (shortType(parseProblem(answer.data, answer)?.type) === 'badNonce') nonces.clear();
    nonces.put(answer.headers['replay-nonce'], clock.now());
    return answer;
  };
}

/** RFC 8555, section 7.2. */
async function newNonce(transport: Transport, url: string, clock: Clock): Promise<string> {
  const { headers } = await repeat(clock, 'read', async () =>
    expectSuccess(await transport('HEAD', url), 'give a nonce', clock.now()),
  );
  const nonce = headers['replay-nonce'];
  if (isNonce(nonce)) return nonce;
  throw new RenewalFailure('ca-misbehaved', `${shownUrl(url)} answers without a Replay-Nonce that can be used`);
}

/** RFC 7518, section 3.4, in OpenSSL's words. */
const JWS_CURVES: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** PKCS#8. Throws `invalid-input` for a key that can't sign requests. */
export function signingKey(accountKey: string): string {
  const pem = toPkcs8(accountKey, 'the account key');
  const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails } = createPrivateKey(pem);
  const curve = type === 'ec' ? (asymmetricKeyDetails?.namedCurve ?? 'unknown') : undefined;
  if (type === 'rsa' || JWS_CURVES.has(curve)) return pem;
  throw new RenewalFailure(
    'invalid-input',
    `the account key is of type ${curve ? `${type} (${curve})` : type}; it must be RSA or ECDSA with P-256, P-384 or P-521`,
  );
}

/** Asks once; after a failure, again. */
function rememberSuccess<T>(ask: () => Promise<T>): () => Promise<T> {
  let asked: Promise<T> | undefined;
  return () => {
    asked ??= ask().catch((error: unknown) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };
}
