import { describe, expect, it } from '@jest/globals';
import { ROOM_IN_TAGS } from '../../lambdas/core/certificate-tags.ts';
import { expectRoomForTags, parseStackTags } from '../../lambdas/core/stack-tags.ts';

describe('Tags of a stack', () => {
  it('are keys and values of any language, and may be empty', () => {
    const tags = {
      team: 'Plattform Süd',
      'Kosten/Stelle': 'a=b+c@d:e_f.g-h',
      empty: '',
      ['k'.repeat(128)]: 'v'.repeat(256),
    };
    expect(parseStackTags(tags, 'tags')).toEqual(tags);
  });

  it.each([
    ['no object', 'team=web', 'tags: it must be a'],
    ['a number', { team: 1 }, 'tags: team must be a string, not 1'],
    ['an empty key', { '': 'web' }, 'the tag "": a key must have from 1 to 128 characters'],
    ['a long key', { ['k'.repeat(129)]: '' }, 'a key must have from 1 to 128 characters'],
    ['a key with other characters', { 'a,b': '' }, 'the tag "a,b": a key may have'],
    ['a key of AWS', { 'AWS:team': '' }, 'the tag "AWS:team": keys that begin with aws:'],
    ['a key of ours', { 'evercert:renewer': 'x' }, 'keys that begin with evercert: are reserved for evercert'],
    ['a long value', { team: 'v'.repeat(257) }, 'the tag "team": a value must have at most 256'],
    ['a value with other characters', { team: '{}' }, 'the tag "team": a value may have'],
  ])('are refused: %s', (_what, input, words) => {
    expect(() => parseStackTags(input, 'tags')).toThrow(words);
  });

  it('have to fit a secret together with our own, and with one for each region', () => {
    const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`tag-${i}`, '']));
    expectRoomForTags(tags(ROOM_IN_TAGS - 2), 2, 'tags');
    expect(() => expectRoomForTags(tags(ROOM_IN_TAGS - 1), 2, 'tags of a')).toThrow(
      `tags of a: there are ${ROOM_IN_TAGS - 1} tags and 2 regions in acm, and together there can be at most ${ROOM_IN_TAGS}`,
    );
  });
});
