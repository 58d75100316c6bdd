import type { AcmImport } from '../core/certificate-tags.ts';
import type { RenewEvent } from '../core/events.ts';
import type { RenewOutcome } from '../core/outcome.ts';
import { announce } from './announce.ts';
import { expectOwnAttempt } from './attempt.ts';
import { beginAttempt } from './begin-attempt.ts';
import { obtainCertificate } from './obtain-certificate.ts';
import { placeOrResumeOrder } from './place-order.ts';
import type { Steps } from './ports/steps.ts';
import { goLive, importLive } from './publish.ts';
import { asFailure, recordFailure } from './record-failure.ts';
import type { Run } from './run.ts';
import { solveDns01 } from './solve-dns01.ts';

/**
 * Renews one certificate, first issuance included: claim, order, prove, obtain, publish, announce.
 *
 * Safe to call at any moment, twice at once, and again after it died anywhere: at most one order of a generation is
 * finalized, the live pair is only ever replaced by a verified one, and a private key exists in the secret before the CA
 * hears of it. Throws `RenewalFailure`, after the failure has been written to the certificate's tags.
 */
export async function renew(event: RenewEvent, steps: Steps, run: Run): Promise<RenewOutcome> {
  const begun = await steps
    .run('claim', () => beginAttempt(event, run))
    .catch((error: unknown) => {
      throw asFailure(event.certificate, error);
    });
  if (begun.kind === 'ended') return begun.outcome;
  const { attempt } = begun;
  expectOwnAttempt(attempt);
  let imports: Readonly<Record<string, AcmImport>> = attempt.imports;
  try {
    let version = attempt.claim.generation;
    let cleaned = false;
    if (attempt.work === 'renew') {
      const order = await steps.run('place order', () => placeOrResumeOrder(attempt, run));
      cleaned = await solveDns01(attempt, order, steps, run);
      const pair = await obtainCertificate(attempt, order.url, steps, run);
      await steps.run('go live', () => goLive(attempt.claim, pair.version, run));
      version = pair.version;
    }
    for (const region of attempt.spec.acm) {
      const imported = await steps.run(`import into ACM ${region}`, () => importLive(attempt, version, region, run));
      imports = { ...imports, [region]: imported };
    }
    return await steps.run('announce', () => announce(attempt, { version, imports, cleaned }, run));
  } catch (error) {
    const failure = asFailure(attempt.name, error);
    await steps.run('record failure', () => recordFailure(attempt, imports, failure, run));
    throw failure;
  }
}
