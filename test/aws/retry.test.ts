import { ListHostedZonesCommand } from '@aws-sdk/client-route-53';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { call } from '../../lambdas/aws/call.ts';
import { type AwsClients, createAwsClients } from '../../lambdas/aws/clients.ts';
import { Route53 } from '../sandbox/route53.ts';
import { type AwsWorld, startAwsWorld } from './aws-world.ts';

const OPERATION = 'route53:ListHostedZones';
const UNAVAILABLE = { status: 503, name: 'ServiceUnavailable', message: 'try again' };
const throttled = (name: string) => ({ status: 400, name, message: 'Rate exceeded' });

describe('calls of AWS clients', () => {
  let world: AwsWorld;
  let clients: AwsClients;
  const pauses: number[] = [];
  let random = 1;

  beforeEach(async () => {
    world = await startAwsWorld(({ clock }) => [new Route53({ clock })]);
    pauses.length = 0;
    random = 1;
    const clock = {
      now: () => world.clock.now(),
      sleep: (milliseconds: number) => {
        pauses.push(milliseconds);
        return world.clock.sleep(milliseconds);
      },
    };
    clients = createAwsClients({ clock, random: () => random });
  });
  afterEach(async () => {
    clients.destroy();
    await world.stop();
  });

  const ask = () => clients.route53.send(new ListHostedZonesCommand({}));
  const asked = () => world.calls.of(OPERATION);

  it.each([
    'Throttling',
    'ThrottlingException',
    'RequestLimitExceeded',
    'TooManyRequestsException',
    'PriorRequestNotComplete',
  ])('are repeated after %s', async (name) => {
    world.faults.add({ operation: OPERATION, times: 8, error: throttled(name) });
    await ask();
    expect(asked()).toBe(9);
  });

  it('pause for up to twice as long each time, and for five seconds at most', async () => {
    world.faults.add({ operation: OPERATION, times: 8, error: throttled('Throttling') });
    await ask();
    expect(pauses).toEqual([500, 1000, 2000, 4000, 5000, 5000, 5000, 5000]);
  });

  it('pause for a random part of that, and never for nothing', async () => {
    world.faults.add({ operation: OPERATION, times: 2, error: throttled('Throttling') });
    random = 0.25;
    await ask();
    random = 0;
    world.faults.add({ operation: OPERATION, times: 2, error: throttled('Throttling') });
    await ask();
    expect(pauses).toEqual([125, 250, 50, 50]);
  });

  it('fail when AWS has throttled for three minutes', async () => {
    world.faults.add({ operation: OPERATION, error: throttled('Throttling') });
    const start = world.clock.now();
    await expect(ask()).rejects.toMatchObject({ name: 'Throttling' });
    const waited = world.clock.now() - start;
    expect(waited).toBeGreaterThan(150_000);
    expect(waited).toBeLessThanOrEqual(180_000);
  });

  it('fail at the fifth answer with a server error', async () => {
    world.faults.add({ operation: OPERATION, error: UNAVAILABLE });
    await expect(ask()).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(asked()).toBe(5);
  });

  it('are repeated when the connection breaks, before the operation or after it', async () => {
    world.faults.add({ operation: OPERATION, times: 2, drop: true });
    world.faults.add({ operation: OPERATION, times: 2, phase: 'after', drop: true });
    await ask();
    expect(asked()).toBe(5);
  });

  it('fail at the fifth broken connection, and say so', async () => {
    world.faults.add({ operation: OPERATION, drop: true });
    await expect(call(OPERATION, 'this account', ask)).rejects.toMatchObject({
      code: 'aws-unavailable',
      details: { aws: { name: 'ECONNRESET' } },
    });
    expect(asked()).toBe(5);
  });

  it("don't count throttling as a server error", async () => {
    world.faults.add({ operation: OPERATION, times: 6, error: throttled('Throttling') });
    world.faults.add({ operation: OPERATION, times: 4, error: UNAVAILABLE });
    await ask();
    expect(asked()).toBe(11);
  });

  it.each(['LimitExceededException', 'AccessDenied', 'InvalidInput'])('are not repeated after %s', async (name) => {
    world.faults.add({ operation: OPERATION, error: throttled(name) });
    await expect(ask()).rejects.toMatchObject({ name });
    expect(asked()).toBe(1);
  });

  it('obey Retry-After, in seconds or as a date', async () => {
    const date = Math.ceil(world.clock.now() / 1000) * 1000 + 120_000;
    const start = world.clock.now();
    for (const value of ['45', new Date(date).toUTCString()]) {
      const error = { ...throttled('Throttling'), headers: { 'retry-after': value } };
      world.faults.add({ operation: OPERATION, times: 1, error });
    }
    await ask();
    expect(pauses).toEqual([45_000, date - start - 45_000]);
  });

  it('fail at once when Retry-After is longer than they would wait', async () => {
    const error = { ...UNAVAILABLE, headers: { 'retry-after': '3600' } };
    world.faults.add({ operation: OPERATION, error });
    await expect(ask()).rejects.toMatchObject({ name: 'ServiceUnavailable' });
    expect(pauses).toEqual([]);
  });
});
