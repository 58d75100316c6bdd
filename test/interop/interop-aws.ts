import type { NameServerData } from '../sandbox/name-server.ts';

/** Route 53, Secrets Manager and ACM in the portable cases: moto's or the sandbox's. */
export interface InteropAws {
  /** For `AWS_ENDPOINT_URL`. */
  readonly url: string;
  /** What the zones' name servers answer with. */
  readonly dns: NameServerData;
  /** What went wrong in the sandbox itself. */
  bugs(): readonly unknown[];
  stop(): Promise<void>;
}
