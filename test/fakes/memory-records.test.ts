import { describe, expect, it } from '@jest/globals';
import { challengeRecordsContract } from '../contracts/challenge-records.contract.ts';
import { MemoryRecords } from './memory-records.ts';

const NAME = '_acme-challenge.example.com';

challengeRecordsContract('MemoryRecords', async () => {
  const records = new MemoryRecords({ syncDelay: { milliseconds: 30_000, now: () => 0 } });
  const role = { roleArn: 'arn:aws:iam::210987654321:role/dns', externalId: 'x-1' };
  records.allow(role);
  return {
    role,
    client: () => records,
    deleteZone: (zoneId) => records.deleteZone(zoneId),
    createZone: (name, options) => records.createZone(name, options),
    put: (zoneId, recordName, values, ttl) => records.put(zoneId, recordName, values, ttl),
    held: (zoneId, recordName) => records.held(zoneId, recordName),
    propagate: () => records.propagate(),
    stop: async () => undefined,
  };
});

describe('MemoryRecords', () => {
  const present = async (records: MemoryRecords) => {
    const zone = await records.locate(NAME);
    const [presented] = await records.present([{ ...zone, values: ['a'] }]);
    return presented?.changeId ?? '';
  };

  it('is in sync after as many questions as it was told', async () => {
    const records = new MemoryRecords({ zones: ['example.com'], syncDelay: { checks: 2 } });
    const changeId = await present(records);
    expect(records.served(NAME)).toEqual([]);
    const answers = [
      await records.inSync({ changeId }),
      await records.inSync({ changeId }),
      await records.inSync({ changeId }),
    ];
    expect(answers).toEqual([false, false, true]);
    expect(records.served(NAME)).toEqual(['a']);
  });

  it('is in sync after as much time as it was told', async () => {
    let time = 0;
    const syncDelay = { milliseconds: 30_000, now: () => time };
    const records = new MemoryRecords({ zones: ['example.com'], syncDelay });
    const changeId = await present(records);
    time = 29_999;
    expect([await records.inSync({ changeId }), records.served(NAME)]).toEqual([false, []]);
    time = 30_000;
    expect([await records.inSync({ changeId }), records.served(NAME)]).toEqual([true, ['a']]);
  });

  it('fails a call before it has an effect', async () => {
    const records = new MemoryRecords({
      zones: ['example.com'],
      onCall: (operation) => {
        if (operation === 'present') throw new Error('no');
      },
    });
    await expect(present(records)).rejects.toThrow('no');
    expect(records.held('Z1', NAME)).toEqual([]);
    expect(records.calls).toEqual(['locate', 'present']);
  });
});
