import { randomBytes } from 'node:crypto';

/** Anti-replay nonces (RFC 8555, section 6.5): each is good once. */
export class Nonces {
  readonly #unused = new Set<string>();

  issue(): string {
    const nonce = randomBytes(16).toString('base64url');
    this.#unused.add(nonce);
    return nonce;
  }

  /** Whether the nonce was unused until now. */
  redeem(nonce: string | undefined): boolean {
    return nonce !== undefined && this.#unused.delete(nonce);
  }
}
