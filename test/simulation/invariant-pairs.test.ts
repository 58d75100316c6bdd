import { beforeEach, describe, expect, it } from '@jest/globals';
import { DAY, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import { createTestIssuer } from '../sandbox/issue-certificate.ts';
import type { Watch } from './invariant.ts';
import { neverWorse } from './invariant-pairs.ts';
import type { World } from './world.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const SENT = 'secretsmanager:UpdateSecretVersionStage';

describe('What is watched when a pair goes live that the spec does not ask for', () => {
  let now: number;
  let spec: { readonly domainNames: readonly string[]; readonly since: number };
  let live: { readonly id: string; readonly value: object };
  let other: { readonly id: string; readonly value: object };
  let watch: Watch;

  beforeEach(async () => {
    const issuer = await createTestIssuer();
    const pair = async (id: string, domainNames: readonly string[], day: number) => {
      const [notBefore, notAfter] = [BEGIN + day * DAY, BEGIN + (day + 10) * DAY];
      const issued = { notBefore: new Date(notBefore).toISOString(), notAfter: new Date(notAfter).toISOString() };
      return {
        id,
        value: { ...(await issuer.issue({ names: domainNames, notBefore, notAfter })), domainNames, issued },
      };
    };
    now = BEGIN + DAY;
    [live, other] = [await pair('before', ['a.dev'], 0), await pair('after', ['b.dev'], 1)];
    spec = { domainNames: ['a.dev'], since: BEGIN };
    const secretsManager = {
      value: (_: string, stage = 'AWSCURRENT') => JSON.stringify(stage === 'ACME_SPEC' ? spec : live.value),
      versionId: () => live.id,
      secret: () => ({ stages: { ACME_SPEC: 'spec' }, versions: [{ id: 'spec', createdAt: spec.since }] }),
    };
    const sandbox = { clock: { now: () => now }, secretsManager, ca: { certificates: [] } };
    const world = { scenario: { fleet: [{ name: 'a.dev' }] }, events: { note: () => undefined }, sandbox };
    watch = neverWorse(world as unknown as World, new Map());
  });

  const goesLive = () => {
    live = other;
    return watch.effect?.(SENT, {});
  };

  it('is a spec that the run must have seen', () => {
    spec = { ...spec, since: now - MINUTE };
    expect(goesLive()).toMatch('a.dev: the old live pair had the names and the key type of the spec');
  });

  it('is none that was written in the moment between its look and the move', () => {
    spec = { ...spec, since: now - SECOND };
    expect(goesLive()).toBeUndefined();
  });

  it('is none that was written while the move was held up on its way', () => {
    watch.hit?.(SENT, { operation: SENT, delay: 10 * MINUTE }, {});
    spec = { ...spec, since: now + MINUTE };
    now += 10 * MINUTE;
    expect(goesLive()).toBeUndefined();
  });
});
