import { messageOf } from '../../lambdas/core/failure.ts';
import type { ServerAnswer } from '../../lambdas/core/propagation.ts';
import type { TxtLookup } from '../../lambdas/renewal/ports/txt-lookup.ts';

/**
 * What a server has at a name: TXT records, each of one or more character strings; none for a name that does not exist.
 * Throws when the server can't be reached, with the reason as message.
 */
export type MemoryServer = (recordName: string) => readonly (readonly string[])[];

/** Authoritative servers in memory, and answers in their place that a test has written down. */
export class MemoryLookup implements TxtLookup {
  /** By name and address, as the operator sees them. May be changed at any time. */
  readonly servers: Map<string, MemoryServer>;
  /** The names that were looked up, in order. */
  readonly looks: string[] = [];
  readonly #scripted = new Map<string, (readonly ServerAnswer[])[]>();

  constructor(servers: Readonly<Record<string, MemoryServer>> = {}) {
    this.servers = new Map(Object.entries(servers));
  }

  /** The next looks at a name get these answers, one after the other; later ones ask `servers` again. */
  script(recordName: string, ...answers: readonly (readonly ServerAnswer[])[]): void {
    this.#scripted.set(recordName, [...(this.#scripted.get(recordName) ?? []), ...answers]);
  }

  async look({ recordName }: { readonly recordName: string }): Promise<readonly ServerAnswer[]> {
    this.looks.push(recordName);
    return this.#scripted.get(recordName)?.shift() ?? [...this.servers].map((server) => ask(server, recordName));
  }
}

function ask([server, has]: readonly [string, MemoryServer], recordName: string): ServerAnswer {
  try {
    return { server, values: has(recordName).map((strings) => strings.join('')) };
  } catch (error) {
    return { server, values: undefined, problem: messageOf(error) };
  }
}
