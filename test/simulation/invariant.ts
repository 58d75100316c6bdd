import type { Fault } from '../sandbox/faults.ts';
import type { LogEntry } from '../sandbox/sandbox.ts';
import type { Hits } from './faults-in-world.ts';
import type { World } from './world.ts';

/** Watches a world for one thing that must hold. Each method says what is wrong, or nothing. */
export interface Watch {
  /** After each operation of AWS or the CA, refused ones included. */
  effect?(operation: string, request: unknown): string | undefined;
  /** A fault hits a request. */
  hit?(operation: string, fault: Fault, request: unknown): void;
  log?(entry: LogEntry): string | undefined;
  /** Whenever the schedule's minute comes. */
  look?(): string | undefined;
  /** Nothing has failed for so many hours, and not all is in order. */
  late?(hours: number): string | undefined;
  end?(): string | undefined;
}

/** Whether a secret may be another one after an operation; most only read. */
export function mayChangeSecrets(operation: string): boolean {
  return operation.startsWith('secretsmanager:') && !/:(Describe|Get|List)/.test(operation);
}

export type Invariant = (world: World, hits: Hits) => Watch;
