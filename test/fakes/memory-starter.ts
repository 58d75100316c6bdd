import { RenewalFailure } from '../../lambdas/core/failure.ts';
import type { RenewEvent } from '../../lambdas/core/renew-event.ts';
import type { RenewalStarter } from '../../lambdas/renewal/ports/renewal-starter.ts';

/** Remembers what was started, and starts nothing. Passes `renewal-starter.contract.ts`. */
export class MemoryStarter implements RenewalStarter {
  readonly started: { readonly event: RenewEvent; readonly executionName: string }[] = [];
  /** While set, nothing is accepted, with these words. */
  refusal: string | undefined;

  async start(event: RenewEvent, executionName: string): Promise<void> {
    if (this.refusal !== undefined) throw new RenewalFailure('aws-refused', this.refusal);
    this.started.push({ event, executionName });
  }
}
