import { describe, expect, it } from '@jest/globals';
import { type FailureCode, RenewalFailure } from '../../lambdas/core/failure.ts';
import type { Attempt } from '../../lambdas/renewal/attempt.ts';
import type { Steps } from '../../lambdas/renewal/ports/steps.ts';
import { importEverywhere } from '../../lambdas/renewal/publish/import-everywhere.ts';
import type { Run } from '../../lambdas/renewal/run.ts';

const REGIONS = ['eu-central-1', 'us-east-1', 'eu-west-1'];
const BEFORE = Object.fromEntries(REGIONS.map((region) => [region, imported(region, 'old')]));

function imported(region: string, serial: string) {
  return { arn: `arn:aws:acm:${region}:1:certificate/c`, serial, key: 'ecdsa-p256' };
}

/** Each region's step ends with what is said here, or with the import of the new pair. */
async function publish(failures: Readonly<Record<string, FailureCode>>) {
  const names: string[] = [];
  const steps = {
    run: async (name: string) => {
      names.push(name);
      const region = name.split(' ').at(-1) ?? '';
      const code = failures[region];
      if (code) throw new RenewalFailure(code, `${region} says no`, { retry: 'never', details: { retryAt: 1 } });
      return imported(region, 'new');
    },
  } as unknown as Steps;
  const attempt = { spec: { acm: REGIONS }, imports: BEFORE } as unknown as Attempt;
  const { imports, failure } = await importEverywhere(attempt, 'version', steps, {} as Run);
  const serials = REGIONS.map((region) => imports[region]?.serial);
  return { serials, failure, regions: names.map((name) => name.replace('import into ACM ', '')) };
}

describe('importEverywhere', () => {
  it('brings the pair to all regions', async () => {
    expect(await publish({})).toEqual({ serials: ['new', 'new', 'new'], failure: undefined, regions: REGIONS });
  });

  it.each<FailureCode>(['target-refused', 'access-denied', 'aws-throttled', 'target-gone', 'unexpected'])(
    'goes on behind a region that fails with %s, and has its failure as it is',
    async (code) => {
      const { serials, failure, regions } = await publish({ 'eu-central-1': code });
      expect([serials, regions]).toEqual([['old', 'new', 'new'], REGIONS]);
      expect(failure).toMatchObject({ code, retry: 'never', details: { retryAt: 1 }, message: 'eu-central-1 says no' });
    },
  );

  it('names all regions that fail, under the code of the first', async () => {
    const { serials, failure } = await publish({ 'eu-central-1': 'target-refused', 'eu-west-1': 'access-denied' });
    expect(serials).toEqual(['old', 'new', 'old']);
    expect(failure).toMatchObject({
      code: 'target-refused',
      retry: 'never',
      message:
        'the live pair could not be brought to ACM in 2 regions: in eu-central-1 (target-refused), eu-central-1 says no; in eu-west-1 (access-denied), eu-west-1 says no',
    });
  });

  it('ends with a claim that is lost, whatever has failed before: its successor goes on', async () => {
    const { failure, regions } = await publish({ 'eu-central-1': 'target-refused', 'us-east-1': 'claim-lost' });
    expect([failure?.code, regions]).toEqual(['claim-lost', REGIONS.slice(0, 2)]);
  });

  it('begins no region when the time is up', async () => {
    const { failure, regions } = await publish({ 'us-east-1': 'attempt-timeout' });
    expect([failure?.code, regions]).toEqual(['attempt-timeout', REGIONS.slice(0, 2)]);
  });
});
