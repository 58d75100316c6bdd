import type { RenewEvent } from '../../core/renew-event.ts';

/**
 * Starts `renew` for one certificate and returns without waiting for it.
 *
 * - MUST throw when the start was not accepted, with the service's own words.
 * - `executionName` names what asks for the start, where the service deduplicates by name; starting it twice MUST be harmless.
 */
export interface RenewalStarter {
  start(event: RenewEvent, executionName: string): Promise<void>;
}
