/** RFC 8555, section 6.5: nonces of one CA that have not been used yet. */
export class NoncePool {
  #nonces: string[] = [];

  /** The latest one: the earlier ones may have expired. */
  take(): string | undefined {
    return this.#nonces.pop();
  }

  /** Keeps the nonce of an answer's `Replay-Nonce`; a header that can't be one is ignored, as section 6.5.1 says. */
  put(header: unknown): void {
    if (!isNonce(header)) return;
    this.#nonces = [...this.#nonces.slice(1 - MOST), header];
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
