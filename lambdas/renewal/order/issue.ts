import { isRenewalFailure, RenewalFailure, toFailure } from '../../core/failure.ts';
import { hasKnownLimits, withIssuance } from '../../core/order-budget.ts';
import type { Attempt } from '../attempt.ts';
import { solveDns01 } from '../dns01/solve-dns01.ts';
import type { Steps } from '../ports/steps.ts';
import type { Run } from '../run.ts';
import { orderAtFirstIssuer } from './choose-issuer.ts';
import { obtainCertificate } from './obtain-certificate.ts';

/** More certificates with the same names at the same moment than anybody has. */
const MOST_ORDERS = 5;

/** A stored pair that may go live. */
export interface Issued {
  /** With the issuer that was chosen. */
  readonly attempt: Attempt;
  readonly version: string;
  /** Whether the TXT values are known to be gone. */
  readonly cleaned: boolean;
}

/**
 * Orders, proves and obtains. CAs give the same order to two certificates with the same names (Boulder does), and finalize
 * it once: whoever comes second orders again, and needs no proof any more.
 */
export async function issue(attempt: Attempt, steps: Steps, run: Run): Promise<Issued> {
  for (let round = 1; ; round += 1) {
    const fresh = round === 1 ? attempt : { ...attempt, knownOrder: undefined };
    try {
      return await orderAndObtain(fresh, inRound(steps, round), run);
    } catch (error) {
      if (!isRenewalFailure(error) || error.code !== 'order-taken' || round === MOST_ORDERS) throw error;
    }
  }
}

async function orderAndObtain(begun: Attempt, steps: Steps, run: Run): Promise<Issued> {
  const order = await steps.run('place order', () => orderAtFirstIssuer(begun, run));
  const attempt = { ...begun, issuer: order.issuer, fallback: order.fallback };
  const isCounted = hasKnownLimits(order.url);
  try {
    const cleaned = await solveDns01(attempt, order, steps, run);
    const { version, issuedAt } = await obtainCertificate(attempt, order.url, steps, run);
    const issued = isCounted ? withIssuance(attempt.issued, issuedAt) : attempt.issued;
    return { attempt: { ...attempt, issued }, version, cleaned };
  } catch (error) {
    const { code, message, retry, details } = toFailure(error);
    const issuedAt = isCounted && code === 'certificate-rejected' ? run.clock.now() : undefined;
    throw new RenewalFailure(code, message, {
      cause: error,
      retry,
      details: { ...details, issuer: order.issuer, ...(issuedAt === undefined ? {} : { issuedAt }) },
    });
  }
}

function inRound(steps: Steps, round: number): Steps {
  if (round === 1) return steps;
  const named = (name: string) => `${name}, order ${round}`;
  return {
    run: (name, step) => steps.run(named(name), step),
    wait: (name, milliseconds) => steps.wait(named(name), milliseconds),
    poll: (name, check) => steps.poll(named(name), check),
  };
}
