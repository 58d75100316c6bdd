import { describe, expect, it } from '@jest/globals';
import type { ServerAnswer } from '../../lambdas/core/propagation.ts';
import type { TxtLookup } from '../../lambdas/renewal/ports/txt-lookup.ts';

/** What a server has at the record's name (TXT records as lists of character strings), or how it fails. */
export type ServerState =
  | { readonly records: readonly (readonly string[])[] }
  | 'no such name'
  | 'no such record'
  | 'silent'
  | 'refuses'
  | 'lame'
  | 'fails';

export const RECORD_NAME = '_acme-challenge.example.com';
export const ZONE_NAME = 'example.com';

const VALUE = 'LPsIwTo7o8BoG0-vjCyGQGBWSVIPxI-i_X336eUOQZo';
const OTHER = 'w2toDKxcQx2N8zcu4HnDboT1FceHs7lupLMTXsPbXCQ';

/** What every `TxtLookup` promises. `start` makes one for a zone with these servers, named by the keys. */
export function txtLookupContract(
  name: string,
  start: (servers: Readonly<Record<string, ServerState>>) => Promise<{
    readonly lookup: TxtLookup;
    readonly stop: () => Promise<void>;
  }>,
): void {
  const look = async (servers: Readonly<Record<string, ServerState>>): Promise<readonly ServerAnswer[]> => {
    const { lookup, stop } = await start(servers);
    try {
      return await lookup.look({ recordName: RECORD_NAME, zoneName: ZONE_NAME });
    } finally {
      await stop();
    }
  };
  const answerOf = (answers: readonly ServerAnswer[], server: string) =>
    answers.find((answer) => answer.server.startsWith(server));

  describe(`${name} keeps the contract of TxtLookup: it`, () => {
    it('asks every server by itself', async () => {
      const answers = await look({
        'ns-1.example.net': { records: [[VALUE], [OTHER]] },
        'ns-2.example.net': { records: [[OTHER]] },
        'ns-3.example.net': { records: [[VALUE]] },
      });
      expect(answers).toHaveLength(3);
      expect(answerOf(answers, 'ns-1')?.values?.toSorted()).toEqual([VALUE, OTHER].toSorted());
      expect(answerOf(answers, 'ns-2')?.values).toEqual([OTHER]);
      expect(answerOf(answers, 'ns-3')?.values).toEqual([VALUE]);
    });

    it('joins the character strings of one record', async () => {
      const answers = await look({ 'ns-1.example.net': { records: [[VALUE.slice(0, 20), VALUE.slice(20)], [OTHER]] } });
      expect(answers[0]?.values?.toSorted()).toEqual([VALUE, OTHER].toSorted());
    });

    it('gives all values, however many there are', async () => {
      const values = Array.from({ length: 40 }, (_, index) => `${VALUE}-${index}`);
      const answers = await look({ 'ns-1.example.net': { records: values.map((value) => [value]) } });
      expect(answers[0]?.values?.toSorted()).toEqual(values.toSorted());
    });

    it.each(['no such name', 'no such record'] as const)('takes "%s" as an answer without values', async (state) => {
      const answers = await look({ 'ns-1.example.net': state, 'ns-2.example.net': { records: [[VALUE]] } });
      expect(answerOf(answers, 'ns-1')?.values).toEqual([]);
      expect(answerOf(answers, 'ns-1')?.problem).toBeUndefined();
      expect(answerOf(answers, 'ns-2')?.values).toEqual([VALUE]);
    });

    it.each(['silent', 'refuses', 'lame', 'fails'] as const)(
      'reports a server that is of no use (%s), says why, and asks the others',
      async (state) => {
        const answers = await look({ 'ns-1.example.net': state, 'ns-2.example.net': { records: [[VALUE]] } });
        expect(answerOf(answers, 'ns-1')).toMatchObject({ values: undefined, problem: expect.stringMatching(/\w/) });
        expect(answerOf(answers, 'ns-2')?.values).toEqual([VALUE]);
      },
    );

    it('does not throw when no server is of any use', async () => {
      const answers = await look({ 'ns-1.example.net': 'silent', 'ns-2.example.net': 'fails' });
      expect(answers.map(({ values }) => values)).toEqual([undefined, undefined]);
    });

    it('gives an empty list when the servers can not be found', async () => {
      expect(await look({})).toEqual([]);
    });
  });
}
