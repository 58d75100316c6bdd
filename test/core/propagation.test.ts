import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { propagation, type ServerAnswer } from '../../lambdas/core/propagation.ts';

const server = (number: number, values: readonly string[] | undefined, problem?: string): ServerAnswer => ({
  server: `ns-${number}.example.net (192.0.2.${number})`,
  values,
  ...(problem !== undefined && { problem }),
});

describe('propagation', () => {
  it('is visible when every server has every value, whatever else they have', () => {
    const answers = [server(1, ['a', 'b']), server(2, ['foreign', 'b', 'a'])];
    expect(propagation(answers, ['a', 'b'])).toMatchObject({ kind: 'visible', nowhere: false });
  });

  it('waits while one server has no record, and says which', () => {
    const seen = propagation([server(1, ['a']), server(2, [])], ['a']);
    expect(seen).toEqual({
      kind: 'waiting',
      nowhere: false,
      found: 'ns-1.example.net (192.0.2.1): "a"; ns-2.example.net (192.0.2.2): no TXT record',
    });
  });

  it('waits while one server has other values, and says which', () => {
    const seen = propagation([server(1, ['old']), server(2, ['a', 'old'])], ['a']);
    expect(seen).toMatchObject({ kind: 'waiting', nowhere: false });
    expect(seen.found).toContain('ns-1.example.net (192.0.2.1): "old"');
  });

  it('waits while one of the values of apex and wildcard is missing', () => {
    expect(propagation([server(1, ['a'])], ['a', 'b']).kind).toBe('waiting');
  });

  it('tells a value that no server has from one that is late', () => {
    expect(propagation([server(1, []), server(2, ['foreign'])], ['a']).nowhere).toBe(true);
    expect(propagation([server(1, ['a']), server(2, ['a'])], ['a', 'b']).nowhere).toBe(true);
    expect(propagation([server(1, ['a']), server(2, ['b'])], ['a', 'b']).nowhere).toBe(false);
  });

  it('lets the servers that answer decide, and notes the others', () => {
    const answers = [server(1, ['a']), server(2, undefined, 'timed out')];
    expect(propagation(answers, ['a'])).toMatchObject({
      kind: 'visible',
      note: 'some servers of the zone could not be reached: ns-2.example.net (192.0.2.2): no answer (timed out)',
    });
    expect(propagation(answers, ['b'])).toMatchObject({ kind: 'waiting', nowhere: true });
  });

  it('does not know when no server could be reached', () => {
    const seen = propagation([server(1, undefined, 'SERVFAIL'), server(2, undefined)], ['a']);
    expect(seen).toMatchObject({ kind: 'unknown', nowhere: false });
    expect(seen.note).toContain('ns-1.example.net (192.0.2.1): no answer (SERVFAIL)');
  });

  it('does not know when no server could be found', () => {
    expect(propagation([], ['a'])).toMatchObject({ kind: 'unknown', note: expect.stringContaining('not be found') });
  });

  it('names servers that say the same together', () => {
    expect(propagation([server(1, []), server(2, []), server(3, ['a'])], ['a']).found).toBe(
      'ns-1.example.net (192.0.2.1), ns-2.example.net (192.0.2.2): no TXT record; ns-3.example.net (192.0.2.3): "a"',
    );
  });

  it('shows no more than a little of what strangers publish', () => {
    const seen = propagation([server(1, [...Array.from({ length: 50 }, (_, n) => `${n}`), 'x'.repeat(9_000)])], ['a']);
    expect(seen.found.length).toBeLessThan(500);
    expect(propagation([server(1, ['\u001b[2J\n'])], ['a']).found).toContain('"\\u001b[2J\\n"');
  });

  it('is visible exactly when no server that answered lacks a value', () => {
    const values = fc.subarray(['a', 'b', 'c', 'd']);
    const anyAnswers = fc.array(fc.option(values, { nil: undefined })).map((has) => has.map((v, n) => server(n, v)));
    fc.assert(
      fc.property(anyAnswers, values, (answers, expected) => {
        const reached = answers.filter((answer) => answer.values !== undefined);
        const complete = reached.every((answer) => expected.every((value) => answer.values?.includes(value)));
        const kind = reached.length === 0 ? 'unknown' : complete ? 'visible' : 'waiting';
        const seen = propagation(answers, expected);
        expect(seen.kind).toBe(kind);
        if (seen.nowhere) expect(seen.kind).toBe('waiting');
      }),
    );
  });
});
