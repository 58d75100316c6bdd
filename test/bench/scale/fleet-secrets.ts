import { createHash } from 'node:crypto';
import { DAY, HOUR } from '../../../lambdas/core/duration.ts';
import type { SecretSummary, SecretsManager } from '../../sandbox/secrets-manager.ts';

export interface FleetOptions {
  readonly certificates: number;
  /** How many of them are due. */
  readonly due: number;
  /** Whether a sixth of the others asks the CA for renewal information, as in every hourly scan; or nobody. */
  readonly asking: boolean;
  /** In the place of the issuing CA's. */
  readonly renewalInfoUrl?: string;
  readonly now: number;
}

/** Let's Encrypt says six hours. */
const ASKED_EVERY = 6;
/** From its issuance on; it lives for 90 days. */
const LONG_AGO = 65 * DAY;

/** Fills a Secrets Manager with certificates: each is what a genuine renewal has written, under a name of its own. */
export function placeFleet(secretsManager: SecretsManager, genuine: SecretSummary, options: FleetOptions): void {
  const { certificates, due, asking, renewalInfoUrl, now } = options;
  for (let index = 0; index < certificates; index += 1) {
    const name = `evercert/certificate-${String(index).padStart(5, '0')}`;
    // Spread over the list.
    const isDue = Math.floor(((index + 1) * due) / certificates) > Math.floor((index * due) / certificates);
    const ids = new Map(
      genuine.versions.map(({ id }) => [
        id,
        createHash('sha256')
          .update(name + id)
          .digest('hex'),
      ]),
    );
    const versions = genuine.versions.map((version) => ({ ...version, id: ids.get(version.id) ?? '' }));
    const tags: Record<string, string> = {};
    for (const [tag, value] of Object.entries(genuine.tags)) {
      tags[tag] = ids.get(value) ?? (isDue ? earlier(value, LONG_AGO) : value);
    }
    const asksNow = asking && index % ASKED_EVERY === 0;
    tags['evercert:ari-check'] = new Date(asksNow ? now - HOUR : now + HOUR).toISOString();
    if (renewalInfoUrl !== undefined) tags['evercert:renewal-info'] = renewalInfoUrl;
    secretsManager.place({ name, description: genuine.description, tags, versions });
  }
}

/** Instants so much earlier; anything else as it is. */
function earlier(value: string, milliseconds: number): string {
  return value.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (instant) =>
    new Date(Date.parse(instant) - milliseconds).toISOString(),
  );
}
