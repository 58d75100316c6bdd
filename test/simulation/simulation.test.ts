import { beforeAll, describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import type { PairValue } from '../../lambdas/core/secret-value.ts';
import { createTestIssuer, type TestIssuer } from '../sandbox/issue-certificate.ts';
import { drawScenario } from './draw-scenario.ts';
import { createEventLog, Endless } from './event-log.ts';
import { hasOtherWay, isNoExcuse, troubleOf } from './excuses.ts';
import { FAULT_KINDS } from './fault-kinds.ts';
import { whyWorse } from './invariant-pairs.ts';
import { INVARIANT_NAMES } from './invariants.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';
import type { PlannedFault, Scenario } from './scenario.ts';

// Seeds, that they are replayed event by event, and that each planted bug is found: `npm run simulate`.

describe('A seed', () => {
  it('always draws the same scenario', () => {
    expect(drawScenario(7)).toEqual(drawScenario(7));
    expect(drawScenario(7)).not.toEqual(drawScenario(8));
  });

  it('draws every kind of fault, action and configuration sooner or later', () => {
    const scenarios = Array.from({ length: 300 }, (_, seed) => drawScenario(seed));
    expect(new Set(scenarios.flatMap(({ faults }) => faults.map(({ kind }) => kind)))).toEqual(new Set(FAULT_KINDS));
    expect(new Set(scenarios.flatMap(({ actions }) => actions.map(({ does }) => does)))).toEqual(
      new Set([
        'scan',
        'renew',
        'revoke',
        'CA revokes',
        'CA forgets accounts',
        'roll key over',
        'change spec',
        'write TXT',
        'remove TXT',
      ]),
    );
    expect(new Set(scenarios.map(({ execution, profile }) => `${execution} ${profile}`)).size).toBe(6);
    expect(new Set(scenarios.flatMap(({ fleet }) => fleet.map(({ owner }) => owner))).size).toBe(2);
    expect(new Set(scenarios.map(({ isLetsEncrypt }) => isLetsEncrypt)).size).toBe(2);
    expect(new Set(scenarios.map(({ initialOperations }) => initialOperations))).toEqual(new Set([1, 3, 5, undefined]));
  });

  it('has AWS refuse an import that arrives when its signature has expired, and lets one through that is less late', () => {
    const faults = Array.from({ length: 8_000 }, (_, seed) => drawScenario(seed).faults).flat();
    const imports = faults.flatMap((each) =>
      each.hits === 'requests' && each.fault.operation === 'acm:ImportCertificate' && each.fault.delay
        ? [{ isExpired: each.fault.delay > 5 * MINUTE, isRefused: each.fault.error !== undefined }]
        : [],
    );
    expect(imports.every(({ isExpired, isRefused }) => isExpired === isRefused)).toBe(true);
    expect(new Set(imports.map(({ isExpired }) => isExpired)).size).toBe(2);
  });

  it.each<[string, string, (scenario: Scenario) => boolean]>([
    ['a checkpoint', 'lambda:CheckpointDurableExecution', ({ execution }) => execution === 'durable'],
    [
      'a state that is read in pages',
      'lambda:GetDurableExecutionState',
      ({ execution, initialOperations }) => execution === 'durable' && initialOperations !== undefined,
    ],
    [
      'a search for an import',
      'acm:ListCertificates',
      ({ fleet }) => fleet.some(({ owner, spec }) => owner === 'hand' && (spec.acm ?? []).length > 0),
    ],
    [
      'a look-up of an account',
      'acme:newAccount',
      ({ actions }) => actions.some(({ does }) => does === 'CA forgets accounts' || does === 'roll key over'),
    ],
  ])('draws faults of %s only where there is one', (_what, operation, isThere) => {
    const scenarios = Array.from({ length: 1_000 }, (_, seed) => drawScenario(seed));
    const about = scenarios.filter(({ faults }) =>
      faults.some((planned) => planned.hits === 'requests' && planned.fault.operation === operation),
    );
    expect(about).not.toEqual([]);
    expect(about.filter((scenario) => !isThere(scenario))).toEqual([]);
  });
});

describe('The simulation', () => {
  it('has a planted bug for every invariant', () => {
    expect(new Set(PLANTED_BUGS.map(({ violates }) => violates))).toEqual(new Set(INVARIANT_NAMES));
  });

  it('knows a seed among the first five hundred for each planted bug', () => {
    expect(PLANTED_BUGS.filter(({ foundWith }) => foundWith >= 500)).toEqual([]);
  });

  it('gives up what goes on for ever, and nothing else', async () => {
    const events = createEventLog(() => 0);
    for (let event = 0; event < 30_000; event += 1) events.note('once more');
    expect(await Promise.race([events.tooMany, Promise.resolve('nothing')])).toBe('nothing');
    events.step();
    await expect(events.tooMany).rejects.toThrow(Endless);
  });
});

describe('Whether faults left another way', () => {
  const window = { from: 10 * DAY, until: 13 * DAY };
  const lifetime = 6 * DAY;

  it('they did when nothing failed', () => {
    expect(hasOtherWay([], window, lifetime)).toEqual(window);
  });

  it('they did not when one outage covers all of the time, or several do together', () => {
    expect(hasOtherWay([{ from: 9 * DAY, until: 14 * DAY }], window, lifetime)).toBeUndefined();
    const halves = [
      { from: 9 * DAY, until: 12 * DAY },
      { from: 11 * DAY, until: 14 * DAY },
    ];
    expect(hasOtherWay(halves, window, lifetime)).toBeUndefined();
  });

  it('they did when a back-off, a lease and an attempt fit between two of them, and not when they do not', () => {
    const apart = (hours: number) => [
      { from: 9 * DAY, until: 11 * DAY },
      { from: 11 * DAY + hours * HOUR, until: 14 * DAY },
    ];
    // A tenth of the two days that are left is 4.8 hours.
    expect(hasOtherWay(apart(6), window, lifetime)).toBeUndefined();
    expect(hasOtherWay(apart(7), window, lifetime)).toEqual({ from: 11 * DAY, until: 11 * DAY + 7 * HOUR });
  });

  it('they did when ACM alone failed, to which a pair goes that is live already', () => {
    const outage = (service: string): PlannedFault => ({
      kind: 'AWS outage',
      hits: 'requests',
      every: 1,
      from: window.from,
      until: window.until,
      fault: { operation: `${service}:*`, drop: true },
    });
    const hits = new Map([outage('acm'), outage('route53')].map((planned) => [planned, 7]));
    expect(troubleOf(hits)).toEqual([window]);
    expect(['acm:ImportCertificate', 'acme:newOrder'].map(isNoExcuse)).toEqual([true, false]);
  });
});

describe('A pair that becomes the live one', () => {
  const begin = Date.UTC(2026, 0, 1);
  const names = ['leane.dev'];
  let issuer: TestIssuer;

  beforeAll(async () => {
    issuer = await createTestIssuer();
  });

  /** Valid for ten days from this one on. */
  const pair = async (day: number, domainNames = names): Promise<PairValue> => {
    const [notBefore, notAfter] = [begin + day * DAY, begin + (day + 10) * DAY];
    const issued = { notBefore: new Date(notBefore).toISOString(), notAfter: new Date(notAfter).toISOString() };
    return {
      ...(await issuer.issue({ names: domainNames, notBefore, notAfter })),
      domainNames,
      issued,
    } as unknown as PairValue;
  };

  it('is worse when it ends sooner than one that is as the spec says, or has other names', async () => {
    const [old, young] = [await pair(0), await pair(5)];
    expect(whyWorse(young, old, { domainNames: names }, begin + 5 * DAY)).toBeUndefined();
    expect(whyWorse(old, young, { domainNames: names }, begin + 5 * DAY)).toMatch('does not last longer');
    const other = await pair(6, ['example.net']);
    expect(whyWorse(other, young, { domainNames: names }, begin + 6 * DAY)).toMatch('the new one has not');
    expect(whyWorse(other, young, { domainNames: names }, begin + 6 * DAY, true)).toBeUndefined();
    expect(whyWorse(await pair(15, ['example.net']), young, { domainNames: names }, begin + 15 * DAY)).toBeUndefined();
  });

  it('may be the one before when the spec was changed back, but not once that one is due', async () => {
    const [old, other] = [await pair(0), await pair(5, ['example.net'])];
    const due = begin + (20 / 3) * DAY;
    expect(whyWorse(old, other, { domainNames: names }, due - HOUR)).toBeUndefined();
    expect(whyWorse(old, other, { domainNames: names }, due + HOUR)).toBe('a pair was reinstated that is due');
  });
});
