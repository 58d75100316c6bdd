import { beforeEach, describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import type { Watch } from './invariant.ts';
import { oneFinalizedOrder, oneOpenOrder } from './invariant-orders.ts';
import type { World } from './world.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const NAME = 'a.dev';

describe('What is watched of orders', () => {
  let now: number;
  let orders: { readonly id: number; status: string; finalized: boolean }[];
  let forced: World['forced'];
  let pair: object | undefined;
  let watches: readonly Watch[];

  beforeEach(() => {
    now = BEGIN;
    [orders, forced, pair] = [[], [], undefined];
    const value = (_secret: string, stage = 'AWSCURRENT') => {
      if (stage === 'ACME_SPEC') return JSON.stringify({ domainNames: [NAME] });
      return stage === 'AWSCURRENT' && pair ? JSON.stringify(pair) : '{}';
    };
    const world = {
      scenario: { fleet: [{ name: NAME }] },
      forced,
      forgotten: [],
      wronged: new Set(),
      sandbox: {
        clock: { now: () => now },
        secretsManager: { value, secret: () => ({ stages: { AWSCURRENT: 'v', ACME_SPEC: 's' }, tags: {} }) },
        ca: { orders, finalizedOrders: () => orders.filter(({ finalized }) => finalized) },
      },
    };
    watches = [oneFinalizedOrder, oneOpenOrder].map((invariant) => invariant(world as unknown as World, new Map()));
  });

  const foundAfter = (operation: string) =>
    watches.map((watch) => watch.effect?.(operation, {})).find((found) => found !== undefined);
  const place = () => {
    const placed = { names: [NAME], account: { id: 1 }, created: now, expires: now + 90 * DAY, url: 'u' };
    orders.push({ ...placed, id: orders.length + 1, status: 'pending', finalized: false });
    return foundAfter('acme:newOrder');
  };
  /** A new order that is finalized at once; what is found wrong with either. */
  const order = () => {
    const open = place();
    Object.assign(orders.at(-1) ?? {}, { status: 'processing', finalized: true });
    return open ?? foundAfter('acme:finalize');
  };
  const live = (remaining: number) => {
    const issued = { notBefore: new Date(BEGIN + remaining - 90 * DAY), notAfter: new Date(BEGIN + remaining) };
    pair = { privateKey: 'x', issued };
  };

  describe.each([
    ['nothing is live', undefined, false],
    ['the last quarter has begun', 20 * DAY, false],
    ['somebody has forced it', 30 * DAY, true],
  ])('is, when %s, that an order in processing', (_when, remaining, isForced) => {
    beforeEach(() => {
      if (remaining !== undefined) live(remaining);
      if (isForced) forced.push({ certificate: NAME, at: BEGIN + HOUR });
      expect(order()).toBeUndefined();
    });

    it('has no successor before a day is over', () => {
      now += 23 * HOUR;
      expect(order()).toMatch('order 2 was placed while order 1 is processing');
    });

    it('may have one after a day', () => {
      now += DAY;
      expect(order()).toBeUndefined();
    });
  });

  it('is that it has none for a week while a live certificate is not in its last quarter', () => {
    live(35 * DAY);
    expect(order()).toBeUndefined();
    now += 6 * DAY;
    expect(order()).toMatch('order 2 was placed while order 1 is processing');
  });

  it('is that a second one may come late, and none that is in time', () => {
    for (const watch of watches) watch.hit?.('acme:newOrder', { operation: 'acme:newOrder', delay: 20 * MINUTE }, {});
    now += 16 * MINUTE;
    expect(place()).toBeUndefined();
    now += 4 * MINUTE;
    expect(place()).toBeUndefined();
    now += MINUTE;
    expect(place()).toMatch('order 3 was placed while order 1 is pending');
  });

  it('is that it has none once it is valid', () => {
    expect(order()).toBeUndefined();
    for (const each of orders) each.status = 'valid';
    now += 2 * DAY;
    expect(order()).toMatch('were both finalized');
  });
});
