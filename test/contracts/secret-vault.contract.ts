import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { NewSecret, SecretVault } from '../../lambdas/renewal/ports/secret-vault.ts';

export interface SecretVaultWorld {
  readonly vault: SecretVault;
  /** Waits until listings show everything that has been written. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

const TAG = 'evercert:renewer';

/** What every `SecretVault` promises. */
export function secretVaultContract(name: string, start: () => Promise<SecretVaultWorld>): void {
  describe(`${name} keeps the contract of SecretVault`, () => {
    let world: SecretVaultWorld;
    let vault: SecretVault;

    beforeEach(async () => {
      world = await start();
      vault = world.vault;
    });
    afterEach(() => world.stop());

    const create = (secretName: string, more: Partial<NewSecret> = {}) =>
      vault.create({
        name: secretName,
        description: 'made by a test',
        value: 'first',
        token: token(1),
        tags: {},
        ...more,
      });
    const put = (id: string, value: string, version: string, stage = 'ACME_PENDING') =>
      vault.put({ id, value, token: version, stage });
    const stages = async (id: string) => (await vault.describe(id))?.stages;
    const listed = async (value: string) => {
      await world.settle();
      const names: string[] = [];
      for await (const secret of vault.list(TAG, value)) names.push(secret.name);
      return names.toSorted();
    };

    describe('list', () => {
      it('shows name, ARN, tags and staging labels', async () => {
        await create('evercert/a', { tags: { [TAG]: 'evercert', 'evercert:state': 'registered' } });
        await put('evercert/a', 'second', token(2), 'ACME_SPEC');
        await world.settle();
        const secrets = [];
        for await (const secret of vault.list(TAG, 'evercert')) secrets.push(secret);
        expect(secrets).toEqual([await vault.describe('evercert/a')]);
        expect(secrets).toEqual([
          {
            arn: expect.stringMatching(/^arn:aws:secretsmanager:.*evercert\/a/),
            name: 'evercert/a',
            tags: { [TAG]: 'evercert', 'evercert:state': 'registered' },
            stages: { AWSCURRENT: token(1), ACME_SPEC: token(2) },
          },
        ]);
      });

      it('pages to the end', async () => {
        const names = Array.from({ length: 201 }, (_, index) => `evercert/${String(index).padStart(3, '0')}`);
        for (const secretName of names) await create(secretName, { tags: { [TAG]: 'evercert' } });
        expect(await listed('evercert')).toEqual(names);
      });

      it('returns exact matches of tag and value alone', async () => {
        await create('exact', { tags: { [TAG]: 'evercert' } });
        await create('longer-value', { tags: { [TAG]: 'evercert-staging' } });
        await create('longer-key', { tags: { [`${TAG}s`]: 'evercert' } });
        await create('value-of-another-tag', { tags: { [TAG]: 'other', team: 'evercert' } });
        await create('upper-case', { tags: { [TAG]: 'Evercert' } });
        await create('untagged');
        expect(await listed('evercert')).toEqual(['exact']);
      });

      it('leaves out secrets that are scheduled for deletion', async () => {
        await create('kept', { tags: { [TAG]: 'evercert' } });
        await create('deleted', { tags: { [TAG]: 'evercert' } });
        await vault.scheduleDeletion('deleted');
        expect(await listed('evercert')).toEqual(['kept']);
      });
    });

    it('shows what it has written at once, by name and by ARN', async () => {
      await create('evercert/a', { tags: { a: '1', b: '2' } });
      const { arn = '' } = (await vault.describe('evercert/a')) ?? {};
      await put(arn, 'second', token(2));
      expect(await vault.read('evercert/a', token(2))).toBe('second');
      await vault.moveStage({ id: arn, stage: 'AWSCURRENT', from: token(1), to: token(2) });
      await vault.tag('evercert/a', { c: '3' });
      await vault.untag(arn, ['a']);
      const written = {
        arn,
        name: 'evercert/a',
        tags: { b: '2', c: '3' },
        stages: { AWSCURRENT: token(2), AWSPREVIOUS: token(1), ACME_PENDING: token(2) },
      };
      expect(await vault.describe('evercert/a')).toEqual(written);
      await vault.scheduleDeletion('evercert/a');
      expect(await vault.describe(arn)).toBeUndefined();
      expect(await vault.describeScheduled('evercert/a')).toEqual(written);
      await vault.restore(arn);
      expect(await vault.describe('evercert/a')).toEqual(written);
    });

    describe('describe', () => {
      it('finds a secret by name and by ARN', async () => {
        await create('evercert/a', { tags: { a: '1' } });
        const secret = await vault.describe('evercert/a');
        expect(secret).toMatchObject({ name: 'evercert/a', tags: { a: '1' }, stages: { AWSCURRENT: token(1) } });
        expect(await vault.describe(secret?.arn ?? '')).toEqual(secret);
      });

      it('has no answer for a secret that does not exist or is scheduled for deletion', async () => {
        expect(await vault.describe('evercert/none')).toBeUndefined();
        await create('evercert/a');
        await vault.scheduleDeletion('evercert/a');
        expect(await vault.describe('evercert/a')).toBeUndefined();
      });
    });

    describe('read', () => {
      it('returns the value of the version that was asked for', async () => {
        await create('evercert/a');
        await put('evercert/a', 'zweite Fassung ✓', token(2));
        expect(await vault.read('evercert/a', token(1))).toBe('first');
        expect(await vault.read('evercert/a', token(2))).toBe('zweite Fassung ✓');
      });

      it('has no answer when the secret or the version does not exist', async () => {
        expect(await vault.read('evercert/none', token(1))).toBeUndefined();
        await create('evercert/a');
        expect(await vault.read('evercert/a', token(2))).toBeUndefined();
        await vault.scheduleDeletion('evercert/a');
        expect(await vault.read('evercert/a', token(1))).toBeUndefined();
      });
    });

    describe('create', () => {
      it('makes the first version the current one', async () => {
        expect(await create('evercert/a')).toBe('created');
        expect(await stages('evercert/a')).toEqual({ AWSCURRENT: token(1) });
      });

      it('answers that a name is taken, and changes nothing', async () => {
        await create('evercert/a', { tags: { a: '1' } });
        const before = await vault.describe('evercert/a');
        expect(await create('evercert/a', { token: token(2), tags: { a: '2' } })).toBe('exists');
        expect(await create('evercert/a', { value: 'other', tags: { a: '2' } })).toBe('exists');
        expect(await vault.describe('evercert/a')).toEqual(before);
        expect(await vault.read('evercert/a', token(1))).toBe('first');
        expect(await vault.read('evercert/a', token(2))).toBeUndefined();
      });

      it('answers that a name is taken by a secret that is scheduled for deletion', async () => {
        await create('evercert/a');
        await vault.scheduleDeletion('evercert/a');
        expect(await create('evercert/a', { token: token(2) })).toBe('exists');
        expect(await create('evercert/a')).toBe('exists');
        expect(await vault.describe('evercert/a')).toBeUndefined();
      });

      it('may be repeated: there is one version', async () => {
        await create('evercert/a');
        await create('evercert/a');
        expect(await stages('evercert/a')).toEqual({ AWSCURRENT: token(1) });
        expect(await vault.read('evercert/a', token(1))).toBe('first');
      });

      it('lets one of twenty win that create the same name at once', async () => {
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            create('evercert/a', { token: token(index + 1), value: `${index}` }),
          ),
        );
        expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
        const winner = outcomes.indexOf('created');
        expect(await stages('evercert/a')).toEqual({ AWSCURRENT: token(winner + 1) });
      });
    });

    describe('put', () => {
      beforeEach(() => create('evercert/a', { tags: { a: '1' } }));

      it('writes a version with its label and leaves the current one current', async () => {
        expect(await put('evercert/a', 'second', token(2))).toBe('written');
        expect(await stages('evercert/a')).toEqual({ AWSCURRENT: token(1), ACME_PENDING: token(2) });
        expect(await vault.read('evercert/a', token(2))).toBe('second');
      });

      it('takes the label from the version that had it', async () => {
        await put('evercert/a', 'second', token(2));
        await put('evercert/a', 'third', token(3));
        expect(await stages('evercert/a')).toEqual({ AWSCURRENT: token(1), ACME_PENDING: token(3) });
        expect(await vault.read('evercert/a', token(2))).toBe('second');
      });

      it('makes the version current when the label is AWSCURRENT', async () => {
        expect(await put('evercert/a', 'second', token(2), 'AWSCURRENT')).toBe('written');
        expect(await stages('evercert/a')).toEqual({ AWSCURRENT: token(2), AWSPREVIOUS: token(1) });
      });

      it('answers that the version is taken by another value, and changes nothing', async () => {
        await put('evercert/a', 'second', token(2));
        await put('evercert/a', 'third', token(3));
        const before = await vault.describe('evercert/a');
        expect(await put('evercert/a', 'other', token(2))).toBe('taken');
        expect(await vault.read('evercert/a', token(2))).toBe('second');
        expect(await vault.describe('evercert/a')).toEqual(before);
      });

      it('may be repeated with the same value', async () => {
        await put('evercert/a', 'second', token(2));
        expect(await put('evercert/a', 'second', token(2))).toBe('written');
        expect(await stages('evercert/a')).toEqual({ AWSCURRENT: token(1), ACME_PENDING: token(2) });
      });

      it('lets one of twenty win that write different values to one version at once', async () => {
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, (_, index) => put('evercert/a', `value ${index}`, token(2))),
        );
        expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(1);
        expect(await vault.read('evercert/a', token(2))).toBe(`value ${outcomes.indexOf('written')}`);
      });

      it('fails for a secret that does not exist or is scheduled for deletion', async () => {
        await expect(put('evercert/none', 'x', token(2))).rejects.toMatchObject({ code: 'aws-refused' });
        await vault.scheduleDeletion('evercert/a');
        await expect(put('evercert/a', 'x', token(2))).rejects.toMatchObject({ code: 'aws-refused' });
      });
    });

    describe('moveStage', () => {
      const move = (stage: string, from: number, to: number) =>
        vault.moveStage({ id: 'evercert/a', stage, from: token(from), to: token(to) });

      beforeEach(async () => {
        await create('evercert/a');
        await put('evercert/a', 'second', token(2), 'ACME_ISSUED');
        await put('evercert/a', 'third', token(3), 'ACME_PENDING');
      });

      it('moves AWSPREVIOUS to the version that was current', async () => {
        expect(await move('AWSCURRENT', 1, 2)).toBe('moved');
        expect(await stages('evercert/a')).toEqual({
          AWSCURRENT: token(2),
          AWSPREVIOUS: token(1),
          ACME_ISSUED: token(2),
          ACME_PENDING: token(3),
        });
        expect(await move('AWSCURRENT', 2, 3)).toBe('moved');
        expect(await stages('evercert/a')).toMatchObject({ AWSCURRENT: token(3), AWSPREVIOUS: token(2) });
      });

      it('rolls back in the same way', async () => {
        await move('AWSCURRENT', 1, 2);
        expect(await move('AWSCURRENT', 2, 1)).toBe('moved');
        expect(await stages('evercert/a')).toMatchObject({ AWSCURRENT: token(1), AWSPREVIOUS: token(2) });
      });

      it('moves a label of its own and nothing else', async () => {
        expect(await move('ACME_PENDING', 3, 2)).toBe('moved');
        expect(await stages('evercert/a')).toEqual({
          AWSCURRENT: token(1),
          ACME_ISSUED: token(2),
          ACME_PENDING: token(2),
        });
      });

      it('answers that it lost when the label is elsewhere, and changes nothing', async () => {
        const before = await stages('evercert/a');
        expect(await move('AWSCURRENT', 3, 2)).toBe('lost');
        expect(await move('ACME_PENDING', 1, 2)).toBe('lost');
        expect(await move('ACME_SPEC', 1, 2)).toBe('lost');
        expect(await stages('evercert/a')).toEqual(before);
      });

      it('may be repeated', async () => {
        await move('AWSCURRENT', 1, 2);
        const before = await stages('evercert/a');
        expect(await move('AWSCURRENT', 1, 2)).toBe('moved');
        expect(await stages('evercert/a')).toEqual(before);
      });

      it('lets one of two win that move a label to different versions at once', async () => {
        const outcomes = await Promise.all([move('AWSCURRENT', 1, 2), move('AWSCURRENT', 1, 3)]);
        expect(outcomes.toSorted()).toEqual(['lost', 'moved']);
        const winner = outcomes.indexOf('moved') + 2;
        expect(await stages('evercert/a')).toMatchObject({ AWSCURRENT: token(winner), AWSPREVIOUS: token(1) });
      });

      it('fails for a version that does not exist', async () => {
        await expect(move('AWSCURRENT', 1, 9)).rejects.toMatchObject({ code: 'aws-refused' });
        expect(await stages('evercert/a')).toMatchObject({ AWSCURRENT: token(1) });
      });
    });

    describe('tag and untag', () => {
      beforeEach(() => create('evercert/a', { tags: { a: '1', b: '2' } }));
      const tags = async () => (await vault.describe('evercert/a'))?.tags;

      it('sets tags and leaves all others', async () => {
        await vault.tag('evercert/a', { b: 'two', c: '3' });
        expect(await tags()).toEqual({ a: '1', b: 'two', c: '3' });
      });

      it('removes keys, also those that are not there', async () => {
        await vault.untag('evercert/a', ['b', 'none']);
        expect(await tags()).toEqual({ a: '1' });
      });

      it('does nothing when there is nothing to do', async () => {
        await vault.tag('evercert/a', {});
        await vault.untag('evercert/a', []);
        expect(await tags()).toEqual({ a: '1', b: '2' });
      });
    });

    describe('scheduleDeletion and restore', () => {
      beforeEach(async () => {
        await create('evercert/a', { tags: { a: '1' } });
        await put('evercert/a', 'second', token(2));
      });

      it('hide a secret and bring it back as it was', async () => {
        const before = await vault.describe('evercert/a');
        await vault.scheduleDeletion('evercert/a');
        expect(await vault.describe('evercert/a')).toBeUndefined();
        expect(await vault.describeScheduled('evercert/a')).toEqual(before);
        expect(await vault.describeScheduled(before?.arn ?? '')).toEqual(before);
        await vault.restore('evercert/a');
        expect(await vault.describe('evercert/a')).toEqual(before);
        expect(await vault.describeScheduled('evercert/a')).toBeUndefined();
        expect(await vault.read('evercert/a', token(2))).toBe('second');
      });

      it('may be repeated', async () => {
        await vault.scheduleDeletion('evercert/a');
        await vault.scheduleDeletion('evercert/a');
        expect(await vault.describe('evercert/a')).toBeUndefined();
        await vault.restore('evercert/a');
        await vault.restore('evercert/a');
        expect(await stages('evercert/a')).toEqual({ AWSCURRENT: token(1), ACME_PENDING: token(2) });
      });

      it('know nothing of a secret that does not exist', async () => {
        expect(await vault.describeScheduled('evercert/none')).toBeUndefined();
        await vault.scheduleDeletion('evercert/none');
        await expect(vault.restore('evercert/none')).rejects.toMatchObject({ code: 'aws-refused' });
      });
    });
  });
}

/** The shortest version id that AWS takes. */
export function token(number: number): string {
  return String(number).padStart(32, '0');
}
