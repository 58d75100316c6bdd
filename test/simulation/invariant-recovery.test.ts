import { beforeEach, describe, expect, it } from '@jest/globals';
import { DAY, HOUR } from '../../lambdas/core/duration.ts';
import { createTestIssuer } from '../sandbox/issue-certificate.ts';
import { heldBack } from './budget.ts';
import { expiredWithReason, validAgain } from './invariant-recovery.ts';
import type { World } from './world.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const LIFETIME = 160 * HOUR;

describe('What Let’s Encrypt’s limit holds back', () => {
  it('is a fifth certificate of a week until the last quarter, and a sixth then too', () => {
    const days = (...instants: readonly number[]) => instants.map((day) => day * DAY);
    expect(heldBack(days(0, 1, 2), 100 * DAY)).toEqual([]);
    expect(heldBack(days(0, 1, 2, 3), 100 * DAY)).toEqual([{ from: 3 * DAY, until: 7 * DAY }]);
    expect(heldBack(days(3, 2, 1, 0), 5 * DAY)).toEqual([{ from: 3 * DAY, until: 5 * DAY }]);
    expect(heldBack(days(0, 1, 2, 3), 2 * DAY)).toEqual([]);
    expect(heldBack(days(0, 1, 2, 7), 100 * DAY)).toEqual([]);
    expect(heldBack(days(0, 1, 2, 3, 4), 3 * DAY)).toEqual([{ from: 4 * DAY, until: 7 * DAY }]);
  });
});

describe('What is looked at in the end', () => {
  let now: number;
  let pair: object | undefined;
  let certificates: object[];
  let isLetsEncrypt: boolean;
  let world: World;

  beforeEach(() => {
    [now, pair, certificates, isLetsEncrypt] = [BEGIN, undefined, [], true];
    const value = (_secret: string, stage?: string) =>
      JSON.stringify(stage === 'ACME_SPEC' ? { domainNames: ['a.dev'] } : (pair ?? {}));
    world = {
      scenario: {
        profile: 'shortlived',
        fleet: [{ name: 'a.dev' }],
        get isLetsEncrypt() {
          return isLetsEncrypt;
        },
      },
      begin: BEGIN,
      forgotten: [],
      expired: [],
      events: { note: () => undefined },
      sandbox: { clock: { now: () => now }, secretsManager: { value }, ca: { certificates } },
    } as unknown as World;
  });

  /** As the CA dates them. */
  const issued = (...instants: readonly number[]) =>
    certificates.push(...instants.map((at) => ({ names: ['a.dev'], notBefore: at - HOUR })));

  describe('of a certificate that has expired', () => {
    const end = BEGIN + LIFETIME;
    beforeEach(async () => {
      const issuer = await createTestIssuer();
      pair = await issuer.issue({ names: ['a.dev'], notBefore: BEGIN, notAfter: end });
    });
    const look = () => {
      now = end + HOUR;
      return expiredWithReason(world, new Map()).look?.();
    };

    it('is whether it could have been renewed', () => {
      expect(look()).toMatch(/^a\.dev has expired although nothing failed from /);
    });

    it('is the last quarter, in which four certificates of a week are no excuse', () => {
      issued(BEGIN, BEGIN, BEGIN, BEGIN);
      expect(look()).toMatch(/^a\.dev has expired although nothing failed from /);
    });

    it('is the week that five certificates fill, as far as it goes', () => {
      issued(BEGIN, BEGIN, BEGIN, BEGIN, BEGIN);
      expect(look()).toBeUndefined();
      expect(world.expired).toEqual(['a.dev']);
    });

    it('is not excused by a week that ends days before the certificate', () => {
      issued(...Array<number>(5).fill(end - 9 * DAY));
      expect(look()).toMatch(/^a\.dev has expired although nothing failed from /);
    });

    it('is not excused at a CA without that limit', () => {
      isLetsEncrypt = false;
      issued(BEGIN, BEGIN, BEGIN, BEGIN, BEGIN);
      expect(look()).toMatch(/^a\.dev has expired although nothing failed from /);
    });
  });

  it('of one that is not in order a day after the last fault is whether the limit held it back, and no longer', () => {
    const late = () => validAgain(world, new Map()).late?.(27);
    const missing = 'a.dev not in order 27 hours after the last fault';
    now = BEGIN + 3 * DAY;
    expect(late()).toBe(missing);
    issued(BEGIN, BEGIN, BEGIN, BEGIN);
    expect(late()).toBeUndefined();
    now = BEGIN + 7 * DAY + 2 * HOUR;
    expect(late()).toBeUndefined();
    now = BEGIN + 7 * DAY + 3 * HOUR;
    expect(late()).toBe(missing);
  });
});
