import { MINUTE } from '../core/duration.ts';
import type { Clock } from './clock.ts';
import { type Directory, fetchDirectory } from './directory.ts';
import { type AcmeEndpoint, connectionTo } from './endpoint.ts';
import { NoncePool } from './nonce-pool.ts';
import { type Connection, createTransport } from './transport.ts';

/**
 * CAs as the sessions of one process know them (decision 10), by all that decides how they are reached: who trusts another root
 * shares nothing.
 */
export type KnownCas = Map<string, KnownCa>;

/** So old may a directory be that another session has fetched: of all that is shared, only it can mislead. */
const FRESH = 5 * MINUTE;

/** What a CA has told: its directory, and nonces that nobody has used yet. Nothing depends on it: who knows nothing asks. */
export class KnownCa {
  readonly nonces = new NoncePool();
  #fetched: { readonly at: number; readonly directory: Directory } | undefined;

  /** The directory that was fetched in the last five minutes, or what `fetch` says. A failure is not remembered. */
  async directory(now: () => number, fetch: () => Promise<Directory>): Promise<Directory> {
    if (this.#fetched && now() < this.#fetched.at + FRESH) return this.#fetched.directory;
    const directory = await fetch();
    this.#fetched = { at: now(), directory };
    return directory;
  }
}

/** What a CA says of itself, asked without an account. Throws as `fetchDirectory` does. */
export function readDirectory(
  endpoint: AcmeEndpoint,
  { cas, clock }: { readonly cas: KnownCas; readonly clock: Clock },
): Promise<Directory> {
  const connection = connectionTo(endpoint.directoryUrl, endpoint);
  return knownCa(cas, connection).directory(
    () => clock.now(),
    () => fetchDirectory(createTransport(connection), endpoint.directoryUrl, connection, clock),
  );
}

export function knownCa(cas: KnownCas, connection: Connection): KnownCa {
  const key = JSON.stringify(connection);
  const known = cas.get(key) ?? new KnownCa();
  cas.set(key, known);
  return known;
}
