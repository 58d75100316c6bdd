import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { USED_GRANTS_FILE } from '../sandbox/used-grants.ts';
import UnusedGrants from './unused-grants.ts';

const SUITES = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.e2e.test.ts'));

describe('The reporter of unused grants', () => {
  const collecting = process.env[USED_GRANTS_FILE];
  afterEach(() => {
    if (collecting === undefined) delete process.env[USED_GRANTS_FILE];
    else process.env[USED_GRANTS_FILE] = collecting;
    jest.restoreAllMocks();
  });

  /** A run of these suites, in which nothing was used. */
  const report = async (names: readonly string[], numPendingTests = 0) => {
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const reporter = new UnusedGrants();
    reporter.onRunStart();
    const testResults = names.map((name) => ({ testFilePath: `/e2e/${name}`, skipped: false }));
    await reporter.onRunComplete(undefined, { testResults, numPendingTests });
    return { error: reporter.getLastError(), said: write.mock.calls.join() };
  };

  it('fails a complete run, and names what nobody used', async () => {
    const { error, said } = await report(SUITES);
    expect(error?.message).toContain('Renew ChangeChallengeRecords route53:ChangeResourceRecordSets');
    expect(said).toContain(error?.message);
  });

  it('says nothing of a run that left suites or tests out', async () => {
    expect(await report(SUITES.slice(1))).toEqual({ error: undefined, said: '' });
    expect(await report(SUITES, 1)).toEqual({ error: undefined, said: '' });
  });
});
