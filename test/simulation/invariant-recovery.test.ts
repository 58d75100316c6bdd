import { beforeEach, describe, expect, it } from '@jest/globals';
import { writeCertificateTags } from '../../lambdas/core/certificate-tags.ts';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import { createTestIssuer } from '../sandbox/issue-certificate.ts';
import { heldBack } from './budget.ts';
import { expiredWithReason, validAgain } from './invariant-recovery.ts';
import type { World } from './world.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const LIFETIME = 160 * HOUR;

describe('What Let’s Encrypt’s limit holds back', () => {
  const days = (...instants: readonly number[]) => instants.map((day) => day * DAY);
  /** Its last quarter begins on a day, its last eighth two days later. */
  const withLastQuarterOn = (day: number) => ({ notBefore: (day - 12) * DAY, notAfter: (day + 4) * DAY });

  it('is a fifth certificate of a week, for a live one that would end until the last quarter', () => {
    expect(heldBack(days(0, 1, 2), undefined)).toEqual([]);
    expect(heldBack(days(0, 1, 2, 7), undefined)).toEqual([]);
    expect(heldBack(days(0, 1, 2, 3), undefined)).toEqual([{ from: 3 * DAY, until: 7 * DAY }]);
    expect(heldBack(days(3, 2, 1, 0), withLastQuarterOn(4))).toEqual([{ from: 3 * DAY, until: 4 * DAY }]);
    expect(heldBack(days(0, 1, 2, 3), withLastQuarterOn(5))).toEqual([{ from: 3 * DAY, until: 7 * DAY }]);
    expect(heldBack(days(0, 1, 2, 3), withLastQuarterOn(2))).toEqual([]);
  });

  it('is a sixth also then', () => {
    expect(heldBack(days(0, 1, 2, 3, 4), withLastQuarterOn(2))).toEqual([{ from: 4 * DAY, until: 7 * DAY }]);
  });
});

describe('What is looked at in the end', () => {
  let now: number;
  let pair: object | undefined;
  let certificates: object[];
  let isLetsEncrypt: boolean;
  let tags: Record<string, string>;
  let world: World;

  beforeEach(() => {
    [now, pair, certificates, isLetsEncrypt, tags] = [BEGIN, undefined, [], true, {}];
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
      sandbox: { clock: { now: () => now }, secretsManager: { value, secret: () => ({ tags }) }, ca: { certificates } },
    } as unknown as World;
  });

  /** As the CA dates them. */
  const issued = (...instants: readonly number[]) =>
    certificates.push(...instants.map((at) => ({ names: ['a.dev'], notBefore: at - HOUR })));

  const times = (count: number, at: number) => issued(...Array<number>(count).fill(at));
  const end = BEGIN + LIFETIME;
  const live = async () => {
    const issuer = await createTestIssuer();
    const dates = { notBefore: new Date(BEGIN).toISOString(), notAfter: new Date(end).toISOString() };
    pair = {
      ...(await issuer.issue({ names: ['a.dev'], notBefore: BEGIN, notAfter: end })),
      domainNames: ['a.dev'],
      issued: dates,
    };
  };

  describe('of a certificate that has expired', () => {
    beforeEach(live);
    const look = () => {
      now = end + HOUR;
      return expiredWithReason(world, new Map()).look?.();
    };
    const hadAnotherWay = /^a\.dev has expired although nothing failed from /;

    it('is whether it could have been renewed', () => {
      expect(look()).toMatch(hadAnotherWay);
    });

    it('is the last quarter, in which four certificates of a week are no excuse', () => {
      times(4, BEGIN);
      expect(look()).toMatch(hadAnotherWay);
      expect(world.expired).toEqual([]);
    });

    it('is the week that five certificates fill, also when it ends minutes before', () => {
      times(5, end - 7 * DAY - 5 * MINUTE);
      expect(look()).toBeUndefined();
      expect(world.expired).toEqual([{ certificate: 'a.dev', because: 'limit' }]);
    });

    it('is not excused by a week that ends days before', () => {
      times(5, end - 9 * DAY);
      expect(look()).toMatch(hadAnotherWay);
    });

    it('is not excused at a CA without that limit', () => {
      isLetsEncrypt = false;
      times(5, BEGIN);
      expect(look()).toMatch(hadAnotherWay);
    });
  });

  describe('of one that is not in order a day after the last fault', () => {
    const late = () => validAgain(world, new Map()).late?.(27);
    const missing = 'a.dev not in order 27 hours after the last fault';
    const waits = writeCertificateTags({ state: 'failed', failure: 'budget-used-up' });

    it('is whether the limit holds it back, and no longer', () => {
      tags = waits;
      now = BEGIN + 3 * DAY;
      expect(late()).toBe(missing);
      times(4, BEGIN);
      expect(late()).toBeUndefined();
      now = BEGIN + 7 * DAY + 2 * HOUR;
      expect(late()).toBeUndefined();
      now = BEGIN + 7 * DAY + 3 * HOUR;
      expect(late()).toBe(missing);
    });

    it('is whether that is what it waits for', () => {
      tags = writeCertificateTags({ state: 'failed', failure: 'target-refused' });
      now = BEGIN + 3 * DAY;
      times(4, BEGIN);
      expect(late()).toBe(missing);
    });

    it('is whether four hold it back in its last quarter, which only five do', async () => {
      await live();
      tags = waits;
      now = end - 30 * HOUR;
      times(4, BEGIN);
      expect(late()).toBe(missing);
      times(1, BEGIN);
      expect(late()).toBeUndefined();
    });
  });
});
