import { importTags } from '../../core/certificate-tags.ts';
import { SECOND } from '../../core/duration.ts';
import type { KeyType } from '../../core/key-type.ts';
import type { ProvisionRun } from './provision-run.ts';

const TRY_AGAIN = 30 * SECOND;

/** An import in ACM. */
export interface RegionalImport {
  readonly region: string;
  readonly arn: string;
}

/** The imports of a secret with one key type in some regions, found by the tags that they got when they were made. */
export async function findImports(
  wanted: {
    readonly secretArn: string;
    readonly key: KeyType;
    readonly regions: readonly string[];
    /** The first name of the spec. */
    readonly domainName: string;
  },
  { targets, settings }: ProvisionRun,
): Promise<readonly RegionalImport[]> {
  const tags = importTags(settings.renewer, wanted.secretArn, wanted.key);
  const found = await Promise.all(
    wanted.regions.map(async (region) => {
      const arns = await targets.find(region, tags, wanted.domainName);
      return arns.map((arn) => ({ region, arn }));
    }),
  );
  return found.flat();
}

/**
 * Deletes imports. What something uses is tried again until `end`, because a load balancer that was deleted a minute ago
 * still counts as a user; what is in use then stays. Returns what stays.
 */
export async function removeImports(
  imports: readonly RegionalImport[],
  end: number,
  { targets, clock, log }: ProvisionRun,
): Promise<readonly RegionalImport[]> {
  let left = imports;
  for (;;) {
    const outcomes = await Promise.all(left.map(({ region, arn }) => targets.remove(region, arn)));
    for (const [index, { region, arn }] of left.entries()) {
      if (outcomes[index] === 'removed') log.info('import removed', { region, arn });
    }
    left = left.filter((_, index) => outcomes[index] === 'in-use');
    if (left.length === 0) return left;
    if (clock.now() + TRY_AGAIN > end) break;
    await clock.sleep(TRY_AGAIN);
  }
  for (const { region, arn } of left) log.warn('import kept: something uses it', { region, arn });
  return left;
}
