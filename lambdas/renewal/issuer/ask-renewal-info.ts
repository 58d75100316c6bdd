import { type RenewalInfoEndpoint, type RenewalInfoTransports, readRenewalInfo } from '../../acme/renewal-info.ts';
import { messageOf } from '../../core/failure.ts';
import { nextRenewalInfoCheck, selectedInstant } from '../../core/renewal-window.ts';
import { stableFraction } from '../digest.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';

/** What a CA said about one certificate, and when to ask again; milliseconds since the epoch. */
export interface Suggestion {
  /** `undefined` when there was no usable answer: the lifetime rule holds. */
  readonly renewAt: number | undefined;
  readonly nextCheck: number;
}

/**
 * Asks the CA when a certificate shall be renewed (RFC 9773). Never throws: a CA that does not answer must not stop a
 * renewal.
 */
export async function askRenewalInfo(
  endpoint: RenewalInfoEndpoint,
  ariId: string,
  { clock, log, transports }: { readonly clock: Clock; readonly log: Log; readonly transports?: RenewalInfoTransports },
): Promise<Suggestion> {
  try {
    const { start, end, explanationUrl, retryAfterMilliseconds } = await readRenewalInfo(endpoint, ariId, {
      clock,
      transports,
    });
    if (explanationUrl) log.warn('the CA explains its renewal window', { ariId, explanationUrl });
    return {
      renewAt: selectedInstant({ start, end }, stableFraction(ariId, start, end)),
      nextCheck: nextRenewalInfoCheck(clock.now(), retryAfterMilliseconds),
    };
  } catch (error) {
    log.warn('no renewal information; the lifetime rule holds', { ariId, problem: messageOf(error) });
    return { renewAt: undefined, nextCheck: nextRenewalInfoCheck(clock.now(), undefined) };
  }
}
