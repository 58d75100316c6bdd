import type { VirtualClock } from '../virtual-clock.ts';
import type { AccountKey } from './account-key.ts';
import type { IssuingHierarchy } from './issuing-hierarchy.ts';
import type { Account, Registry } from './registry.ts';
import type { CaSettings } from './settings.ts';
import type { Resolver } from './txt-query.ts';
import type { CaUrls } from './urls.ts';

/** What the resources of the CA share. */
export interface Authority {
  readonly clock: VirtualClock;
  readonly settings: CaSettings;
  readonly registry: Registry;
  readonly hierarchy: IssuingHierarchy;
  readonly resolver: Resolver;
  readonly urls: CaUrls;
  /** Does something after the answer; time stands still while it works, and passes while it sleeps on the clock. */
  background(work: () => Promise<void>): void;
}

/** A request whose signature, nonce and URL are verified, where it has any. */
export interface CaRequest {
  /** As in `Calls` and `Faults`: `acme:newOrder`. */
  readonly operation: string;
  readonly method: string;
  readonly url: string;
  /** What the path names: identifiers, a serial number. */
  readonly parameters: readonly string[];
  /** The decoded payload; empty for POST-as-GET and GET. */
  readonly text: string;
  /** The payload as JSON; `undefined` when it is empty. */
  readonly payload: Readonly<Record<string, unknown>> | undefined;
  readonly account: Account | undefined;
  /** What signed the request. */
  readonly key: AccountKey | undefined;
}

/** A request signed by an account (`kid`). */
export interface AccountRequest extends CaRequest {
  readonly account: Account;
  readonly key: AccountKey;
}

/** A request signed by the key that it carries (`jwk`). */
export interface KeyRequest extends CaRequest {
  readonly key: AccountKey;
}

export interface CaAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
}

export function jsonAnswer(status: number, value: unknown, headers: CaAnswer['headers'] = {}): CaAnswer {
  return { status, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(value, null, 2) };
}

/** `Retry-After` for an answer that shows `status`, where there is something to wait for. */
export function retryAfter(settings: CaSettings, status: string): Record<string, string> {
  const waits = status === 'pending' || status === 'processing';
  return waits && settings.retryAfterSeconds !== undefined ? { 'Retry-After': String(settings.retryAfterSeconds) } : {};
}

/** RFC 3339, as all of ACME's dates. */
export function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** Whole seconds: what certificates and the CA's database keep. */
export function wholeSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000) * 1_000;
}
