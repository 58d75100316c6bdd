import { describe, expect, it } from '@jest/globals';
import type { LivePair } from '../interop/aws-view.ts';
import { type Place, walk } from './walk.ts';

interface Faults {
  /** A deployment with the refused name passes. */
  readonly refusesNothing?: boolean;
  /** The failing update leaves its certificate live. */
  readonly rollsNothingBack?: boolean;
  /** A renewal by hand makes another import. */
  readonly importsAnew?: boolean;
  readonly left?: readonly string[];
  readonly staysThere?: boolean;
  readonly listsNothing?: boolean;
}

/** A place where each deployment with other names, and each renewal, issues the next serial number. */
function place(faults: Faults = {}) {
  let [serial, imports] = [0, 1];
  let names = '';
  const calls: string[] = [];
  const made: Place = {
    domain: 'leane.dev',
    issuer: 'staging',
    regions: ['eu-central-1'],
    refusedName: 'refused.example',
    aws: {
      pair: async () =>
        ({ domainNames: names.split(','), issued: { serialNumber: String(serial) } }) as unknown as LivePair,
      imports: async () => [{ arn: `arn:${imports}`, serial: String(serial) }],
    },
    deploy: async (certificates) => {
      calls.push('deploy');
      const fails = certificates.length > 1 && !faults.refusesNothing;
      if (fails && !faults.rollsNothingBack) throw new Error('rolled back');
      const wanted = certificates[0]?.domainNames.join() ?? '';
      if (wanted !== names) serial += 1;
      names = wanted;
      if (fails) throw new Error('not rolled back');
      return { ScanFunctionName: 'scan', RenewFunctionArn: 'renew', CertificateArn: `arn:${imports}` };
    },
    invoke: async () => ({}),
    start: async () => {
      calls.push('renew');
      serial += 1;
      if (faults.importsAnew) imports += 1;
    },
    destroy: async () => {
      calls.push('destroy');
      if (faults.staysThere) throw new Error('DELETE_FAILED');
    },
    byHand: 'aws delete',
    leftovers: async () => {
      if (faults.listsNothing) throw new Error('no list');
      return faults.left ?? [];
    },
  };
  return { made, calls };
}

describe('the walk of test:aws', () => {
  it('goes from the first deployment to the last secret', async () => {
    const { made, calls } = place();
    const said: string[] = [];
    await walk(made, (line) => said.push(line), { questions: async () => void calls.push('questions') });
    expect(calls).toEqual(['deploy', 'renew', 'deploy', 'deploy', 'questions', 'destroy']);
    expect(said).toHaveLength(6);
    expect(said.at(-1)).toBe('destroyed; nothing is left');
  });

  it.each([
    [{ refusesNothing: true }, 'did not fail'],
    [{ rollsNothingBack: true }, 'the roll-back left 4, not 3'],
  ])('fails, and destroys all the same, where %j', async (faults, reason) => {
    const { made, calls } = place(faults);
    await expect(walk(made, () => undefined)).rejects.toThrow(reason);
    expect(calls.at(-1)).toBe('destroy');
  });

  it('says what is left', async () => {
    const said: string[] = [];
    await walk(place({ left: ['secret a'] }).made, (line) => said.push(line));
    expect(said.at(-1)).toBe('destroyed; STILL THERE:\n  secret a');
  });

  it('says what is left, and what to do, where it could not be destroyed', async () => {
    const said: string[] = [];
    const { made } = place({ staysThere: true, left: ['stack a'] });
    await expect(walk(made, (line) => said.push(line))).rejects.toThrow(
      'it could not be destroyed: Error: DELETE_FAILED',
    );
    expect(said.at(-1)).toMatch(/^NOT DESTROYED.*try: aws delete; STILL THERE:\n {2}stack a$/);
  });

  it('keeps the first of several problems', async () => {
    const { made } = place({ staysThere: true, listsNothing: true, refusesNothing: true });
    const problem = await walk(made, () => undefined).catch((error: unknown) => error);
    expect((problem as AggregateError).errors.map(({ message }: Error) => message)).toEqual([
      'the deployment with refused.example did not fail',
      'it could not be destroyed: Error: DELETE_FAILED',
      'no list',
    ]);
    expect(String(problem)).toMatch(/^AggregateError: the deployment with refused.example did not fail\nand it could/);
  });

  it('destroys after the step in which it is asked to stop', async () => {
    const asked = new AbortController();
    const { made, calls } = place();
    const deploy: Place['deploy'] = async (certificates) => {
      const outputs = await made.deploy(certificates);
      asked.abort(new Error('stopped by SIGINT'));
      return outputs;
    };
    await expect(walk({ ...made, deploy }, () => undefined, { signal: asked.signal })).rejects.toThrow('SIGINT');
    expect(calls).toEqual(['deploy', 'destroy']);
  });

  it('waits no longer for a renewal when it is asked to stop', async () => {
    const asked = new AbortController();
    const { made, calls } = place({ importsAnew: true });
    const start: Place['start'] = async (name, event) => {
      await made.start(name, event);
      asked.abort(new Error('stopped by SIGINT'));
    };
    await expect(walk({ ...made, start }, () => undefined, { signal: asked.signal })).rejects.toThrow('SIGINT');
    expect(calls).toEqual(['deploy', 'renew', 'destroy']);
  });
});
