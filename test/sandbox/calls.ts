/** Counts what the sandbox's servers were asked, by service and operation. */
export class Calls {
  readonly #counts = new Map<string, number>();
  #order: string[] = [];

  /** `operation` is `service:operation`, for example `route53:ChangeResourceRecordSets` or `acme:newOrder`. */
  count(operation: string): void {
    this.#counts.set(operation, (this.#counts.get(operation) ?? 0) + 1);
    this.#order.push(operation);
  }

  of(operation: string): number {
    return this.#counts.get(operation) ?? 0;
  }

  /** Counts by operation of one service, in alphabetical order. */
  by(service: string): Record<string, number> {
    const prefix = `${service}:`;
    return Object.fromEntries(
      [...this.#counts]
        .filter(([operation]) => operation.startsWith(prefix))
        .map(([operation, count]) => [operation.slice(prefix.length), count] as const)
        .sort(([a], [b]) => a.localeCompare(b)),
    );
  }

  total(service: string): number {
    return Object.values(this.by(service)).reduce((sum, count) => sum + count, 0);
  }

  /** Every call, in the order of arrival. */
  get order(): readonly string[] {
    return this.#order;
  }

  reset(): void {
    this.#counts.clear();
    this.#order = [];
  }
}
