import { expect, it } from '@jest/globals';
import { KEY_TYPES } from '../../lambdas/core/key-type.ts';
import { parsePhysicalId, physicalIdOf } from '../../lambdas/core/physical-id.ts';

it.each(KEY_TYPES)('a physical id of %s is read as it was written', (key) => {
  const id = { name: 'team/web_1+a=b.c@d-e', key };
  expect(parsePhysicalId(physicalIdOf(id))).toEqual(id);
});

it.each(['', 'leane.dev', 'leane.dev:', ':ecdsa-p256', 'leane.dev:dsa', 'a:ecdsa-p256:b', 'web-Certificate-1A2B3C'])(
  'what is no id of ours is none: %p',
  (text) => {
    expect(parsePhysicalId(text)).toBeUndefined();
  },
);
