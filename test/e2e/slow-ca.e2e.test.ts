import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import { type SandboxCa, startCa } from '../sandbox/ca/ca.ts';
import { Calls } from '../sandbox/calls.ts';
import { Faults } from '../sandbox/faults.ts';
import { live, tagsOf } from '../sandbox/inspect.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { EXECUTIONS } from './executions.ts';

const spec = { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox' };

describe.each(EXECUTIONS)('a CA that issues after hours, %s', (execution) => {
  let sandbox: Sandbox;

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  it('is asked for the same order every hour, and never for another one', async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'], execution, coldStarts: true });
    await sandbox.deployIssuer();
    await sandbox.register('leane.dev', spec);
    sandbox.ca.settings.processingMilliseconds = 9.5 * HOUR;
    sandbox.ca.settings.retryAfterSeconds = 86_400;
    let hours = 0;
    for (; hours < 24 && tagsOf(sandbox, 'leane.dev').state !== 'issued'; hours += 1) {
      await sandbox.scan();
      await sandbox.clock.advance(HOUR);
    }
    // An hour of back-off after each attempt, so that every second scan finds it due.
    expect(hours).toBeLessThanOrEqual(13);
    expect(sandbox.ca.orders).toHaveLength(1);
    expect(sandbox.calls.of('acme:finalize')).toBe(1);
    expect(sandbox.calls.of('acme:challenge')).toBe(2);
    expect(live(sandbox, 'leane.dev').domainNames).toEqual(spec.domainNames);
  });

  it('loses no order by one bad answer, however many attempts have run out of time', async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'], execution, coldStarts: true });
    await sandbox.deployIssuer();
    await sandbox.register('leane.dev', spec);
    sandbox.ca.settings.processingMilliseconds = 9.5 * HOUR;
    sandbox.ca.settings.retryAfterSeconds = 86_400;
    for (let hour = 0; hour < 48; hour += 1) {
      const blocked = { status: 403, name: 'blocked', message: 'web application firewall' };
      if (hour === 8) sandbox.faults.add({ operation: 'acme:order', times: 1, error: blocked });
      await sandbox.scan();
      await sandbox.clock.advance(HOUR);
    }
    expect(tagsOf(sandbox, 'leane.dev').state).toBe('issued');
    expect(sandbox.ca.orders).toHaveLength(1);
  });

  it('keeps the old pair live meanwhile, and a force orders nothing either', async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'], execution, coldStarts: true });
    await sandbox.deployIssuer();
    await sandbox.renew({ certificate: 'leane.dev', spec });
    const first = live(sandbox, 'leane.dev');
    await sandbox.clock.advance(61 * DAY);
    sandbox.ca.settings.processingMilliseconds = 3 * HOUR;
    sandbox.ca.settings.retryAfterSeconds = 86_400;
    await sandbox.scan();
    await sandbox.renew({ certificate: 'leane.dev', force: true }).catch(() => undefined);
    expect(live(sandbox, 'leane.dev')).toEqual(first);
    expect(sandbox.ca.orders).toHaveLength(2);
    await sandbox.clock.advance(3 * HOUR);
    await sandbox.scan();
    expect(live(sandbox, 'leane.dev').issued.serialNumber).not.toBe(first.issued.serialNumber);
    expect(sandbox.ca.orders).toHaveLength(2);
  });
});

describe.each(EXECUTIONS)('a CA that leaves an order in `processing` for ever, %s', (execution) => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'], execution, coldStarts: true });
    await sandbox.deployIssuer();
    Object.assign(sandbox.ca.settings, {
      retryAfterSeconds: 86_400,
      // As ZeroSSL's, whose orders last that long.
      orderLifetimeMilliseconds: 90 * DAY,
      pendingAuthorizationLifetimeMilliseconds: 90 * DAY,
      authorizationLifetimeMilliseconds: 90 * DAY,
    });
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  const tags = () => tagsOf(sandbox, 'leane.dev');
  /** Of the next order that is finalized; those after it are issued at once. */
  const takes = async (milliseconds: number) => {
    sandbox.ca.settings.processingMilliseconds = milliseconds;
    await sandbox.scan();
    sandbox.ca.settings.processingMilliseconds = 1_000;
    await sandbox.lambda.idle();
  };
  const scanHourly = async (hours: number) => {
    for (let hour = 0; hour < hours; hour += 1) {
      await sandbox.clock.advance(HOUR);
      await sandbox.scan();
    }
  };
  const forced = () => sandbox.renew({ certificate: 'leane.dev', force: true }).catch(() => undefined);

  describe('when it is the only one', () => {
    it.each([
      ['a tag holds', ''],
      ['no tag can hold', '?~'],
    ])(
      'is asked for another order after a day, and the certificate is from that one; by a URL that %s',
      async (_what, query) => {
        sandbox.ca.settings.orderQuery = query;
        await sandbox.register('leane.dev', spec);
        await takes(365 * DAY);
        await scanHourly(23);
        expect([sandbox.ca.orders.length, tags().failure]).toEqual([1, 'attempt-timeout']);
        await scanHourly(24);
        expect([sandbox.ca.orders.length, tags().state]).toEqual([2, 'issued']);
      },
    );

    it('is not asked for another one before the last quarter while a certificate is live, but for a force after a day', async () => {
      await sandbox.renew({ certificate: 'leane.dev', spec });
      await sandbox.clock.advance(61 * DAY);
      await takes(365 * DAY);
      const days = async (count: number) => {
        for (let day = 0; day < count; day += 1) {
          await sandbox.clock.advance(DAY);
          await sandbox.scan();
        }
      };
      await days(6);
      expect(sandbox.ca.orders).toHaveLength(2);
      await days(2);
      expect([sandbox.ca.orders.length, tags().state]).toEqual([3, 'issued']);

      await sandbox.clock.advance(61 * DAY);
      await takes(365 * DAY);
      await scanHourly(2);
      await sandbox.clock.advance(20 * HOUR);
      await forced();
      expect(sandbox.ca.orders).toHaveLength(4);
      await sandbox.clock.advance(5 * HOUR);
      await forced();
      expect([sandbox.ca.orders.length, tags().state]).toEqual([5, 'issued']);
    });
  });

  describe('when another one follows', () => {
    let second: SandboxCa;
    let faults: Faults;

    beforeEach(async () => {
      const { clock, nameServer } = sandbox;
      const resolver = { host: '127.0.0.1', port: nameServer.port };
      faults = new Faults(clock);
      second = await startCa({ clock, calls: new Calls(), faults, resolver });
      await sandbox.deployIssuer('second', {
        ...sandbox.issuerSettings(),
        directoryUrl: second.directoryUrl,
        caBundle: second.httpsRoot + second.roots.map(({ pem }) => pem).join(''),
      });
      await sandbox.register('leane.dev', { ...spec, issuer: ['sandbox', 'second'] });
    });

    afterEach(() => second.stop());

    const orders = () => [sandbox.ca.orders.length, second.orders.length];
    const expectSecond = () => {
      expect(tags()).toMatchObject({ state: 'issued', issuer: 'second', fallback: 'sandbox attempt-timeout' });
      expect(orders()).toEqual([1, 1]);
    };

    it('has that one asked after a day', async () => {
      await takes(365 * DAY);
      await scanHourly(23);
      expect(orders()).toEqual([1, 0]);
      await scanHourly(24);
      expectSecond();
    });

    it('has that one asked after a day, also when it does not answer any more', async () => {
      await takes(365 * DAY);
      sandbox.faults.add({ operation: 'acme:*', drop: true });
      await scanHourly(20);
      expect(orders()).toEqual([1, 0]);
      await scanHourly(24);
      expectSecond();
    });

    it('is waited for also after a bad answer about its order', async () => {
      await takes(9.5 * HOUR);
      await scanHourly(7);
      const blocked = { status: 403, name: 'blocked', message: 'web application firewall' };
      sandbox.faults.add({ operation: 'acme:order', times: 1, error: blocked });
      await scanHourly(1);
      expect(tags().failure).toBe('ca-refused');
      await scanHourly(24);
      expect(tags()).toMatchObject({ state: 'issued', issuer: 'sandbox' });
      expect(orders()).toEqual([1, 0]);
    });

    it('is asked again itself when that one can not be had', async () => {
      await takes(365 * DAY);
      second.settings.refusedNames = ['leane.dev'];
      await scanHourly(48);
      expect(tags()).toMatchObject({ state: 'issued', issuer: 'sandbox' });
      expect(orders()).toEqual([2, 0]);
    });

    it('is asked again itself whatever that one fails with', async () => {
      await takes(365 * DAY);
      const forbidden = { status: 403, name: 'caa', message: 'CAA record for leane.dev prevents issuance' };
      faults.add({ operation: 'acme:newOrder', error: forbidden });
      await scanHourly(48);
      expect(tags()).toMatchObject({ state: 'issued', issuer: 'sandbox' });
      expect(tags()).not.toHaveProperty('fallback');
      expect(orders()).toEqual([2, 0]);
    });

    it('has that one asked again after an order of it has failed, and has its own turn after a week', async () => {
      await takes(365 * DAY);
      const refusal = { type: 'urn:ietf:params:acme:error:serverInternal', detail: 'no', status: 500 };
      second.settings.refuseIssuance = () => refusal;
      await scanHourly(24);
      for (let day = 2; day <= 7; day += 1) {
        await sandbox.clock.advance(DAY);
        await sandbox.scan();
      }
      expect([tags().failure, orders()[0]]).toEqual(['order-failed', 1]);
      expect(orders()[1]).toBeGreaterThan(2);
      for (let day = 8; day <= 10; day += 1) {
        await sandbox.clock.advance(DAY);
        await sandbox.scan();
      }
      expect(tags()).toMatchObject({ state: 'issued', issuer: 'sandbox' });
      expect(orders()[0]).toBe(2);
    });

    it('is asked last also after it has left an order pending with nothing to prove', async () => {
      Object.assign(sandbox.ca.settings, { orderLagMilliseconds: 365 * DAY, orderReuse: false });
      await scanHourly(12);
      expectSecond();
    });

    it('is looked at once more before: what it has issued by then is taken', async () => {
      await takes(30 * HOUR);
      await scanHourly(48);
      expect(tags()).toMatchObject({ state: 'issued', issuer: 'sandbox' });
      expect(orders()).toEqual([1, 0]);
    });

    it.each([
      ['an attempt has seen', false],
      ['an attempt has seen that died then', true],
    ])('is not waited for after its order has failed, as %s', async (_what, dies) => {
      sandbox.lambda.settings.asyncRetries = 0;
      const refusal = { type: 'urn:ietf:params:acme:error:serverInternal', detail: 'no', status: 500 };
      sandbox.ca.settings.refuseIssuance = () => refusal;
      sandbox.ca.settings.retryAfterSeconds = 1;
      if (dies) sandbox.faults.add({ operation: 'acme:order', skip: 2, times: 1, kill: true });
      await takes(30_000);
      const down = { status: 503, name: 'serverInternal', message: 'down' };
      sandbox.faults.add({ operation: 'acme:newOrder', error: down });
      await scanHourly(3);
      expect(orders()).toEqual([1, 1]);
      expect(tags()).toMatchObject({ state: 'issued', issuer: 'second', fallback: 'sandbox ca-unreachable' });
    });
  });
});

describe.each(EXECUTIONS)('a CA whose orders follow their authorizations later, %s', (execution) => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ zones: ['leane.dev'], execution, coldStarts: true });
    await sandbox.deployIssuer();
    await sandbox.register('leane.dev', spec);
  });

  afterEach(async () => {
    expect(sandbox.bugs()).toEqual([]);
    await sandbox.stop();
  });

  const expectIssued = () => {
    expect(tagsOf(sandbox, 'leane.dev').state).toBe('issued');
    expect(sandbox.ca.orders).toHaveLength(1);
  };

  it('is asked until the order is ready, and nothing fails', async () => {
    sandbox.ca.settings.orderLagMilliseconds = 5 * MINUTE;
    await sandbox.scan();
    expectIssued();
  });

  it('is asked further by an attempt that finds nothing left to prove', async () => {
    sandbox.ca.settings.orderLagMilliseconds = 80 * MINUTE;
    await sandbox.scan();
    expect(tagsOf(sandbox, 'leane.dev').failure).toBe('attempt-timeout');
    await sandbox.clock.advance(HOUR);
    await sandbox.scan();
    expectIssued();
    expect(sandbox.calls.of('acme:challenge')).toBe(2);
  });

  it('is asked for another order when two attempts have waited in vain', async () => {
    Object.assign(sandbox.ca.settings, { orderLagMilliseconds: 365 * DAY, orderReuse: false });
    await sandbox.scan();
    expect(tagsOf(sandbox, 'leane.dev').failure).toBe('attempt-timeout');
    await sandbox.clock.advance(HOUR);
    await sandbox.scan();
    expect(tagsOf(sandbox, 'leane.dev').failure).toBe('order-failed');
    sandbox.ca.settings.orderLagMilliseconds = 0;
    await sandbox.clock.advance(3 * HOUR);
    await sandbox.scan();
    expect(tagsOf(sandbox, 'leane.dev').state).toBe('issued');
    expect([sandbox.ca.orders.length, sandbox.calls.of('acme:finalize')]).toEqual([2, 1]);
  });

  it('is asked again when one of its servers does not know yet that the order is ready', async () => {
    const error = { status: 403, name: 'orderNotReady', message: 'Order\'s status ("pending") is not acceptable' };
    sandbox.faults.add({ operation: 'acme:finalize', times: 3, error });
    await sandbox.scan();
    expectIssued();
    expect(tagsOf(sandbox, 'leane.dev').failures).toBe(0);
  });
});
