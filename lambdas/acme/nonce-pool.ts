import { MINUTE } from '../core/duration.ts';

/** RFC 8555, section 6.5: nonces of one CA that have not been used yet. Instants are milliseconds since the epoch. */
export class NoncePool {
  #nonces: { readonly nonce: string; readonly at: number }[] = [];

  /** The latest one, unless that is too old to be worth a try: then all are. */
  take(now: number): string | undefined {
    const latest = this.#nonces.pop();
    if (latest && now < latest.at + WORTH_A_TRY) return latest.nonce;
    this.clear();
    return undefined;
  }

  /** Keeps the nonce of an answer's `Replay-Nonce`; a header that can't be one is ignored, as section 6.5.1 says. */
  put(header: unknown, now: number): void {
    if (!isNonce(header)) return;
    this.#nonces = [...this.#nonces.slice(1 - MOST), { nonce: header, at: now }];
  }

  /** After one was refused, those that are as old are not worth a try. */
  clear(): void {
    this.#nonces = [];
  }
}

/** RFC 8555, section 6.5.1: base64url, and the rest is ignored. Two headers of an answer come as one, with a comma. */
export function isNonce(header: unknown): header is string {
  return typeof header === 'string' && /^[A-Za-z0-9_-]{1,500}$/.test(header);
}

/** More than ever are in use at the same time. */
const MOST = 20;

/** How long a nonce holds is the CA's secret. One that holds no more costs a refusal, as much as asking for another one. */
const WORTH_A_TRY = 5 * MINUTE;
