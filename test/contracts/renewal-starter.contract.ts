import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RenewEvent } from '../../lambdas/core/renew-event.ts';
import type { RenewalStarter } from '../../lambdas/renewal/ports/renewal-starter.ts';

export interface RenewalStarterWorld {
  readonly starter: RenewalStarter;
  /** The events that `renew` has got. */
  received(): Promise<readonly unknown[]>;
  /** From now on no start is accepted, with these words. */
  refuse(words: string): void;
  stop(): Promise<void>;
}

const EVENT: RenewEvent = { certificate: 'example.com', force: false };

/** What every `RenewalStarter` promises. */
export function renewalStarterContract(name: string, start: () => Promise<RenewalStarterWorld>): void {
  describe(`${name} keeps the contract of RenewalStarter`, () => {
    let world: RenewalStarterWorld;

    beforeEach(async () => {
      world = await start();
    });
    afterEach(() => world.stop());

    it('starts renew with the event', async () => {
      await world.starter.start({ ...EVENT, force: true }, 'request-1');
      expect(await world.received()).toEqual([{ certificate: 'example.com', force: true }]);
    });

    it('may be repeated', async () => {
      await world.starter.start(EVENT, 'request-1');
      await world.starter.start(EVENT, 'request-1');
      const received = await world.received();
      expect(received.length).toBeGreaterThan(0);
      for (const event of received) expect(event).toEqual(EVENT);
    });

    it("throws in the service's own words when the start is not accepted", async () => {
      world.refuse('Function not found: evercert-renew');
      await expect(world.starter.start(EVENT, 'request-1')).rejects.toMatchObject({
        name: 'RenewalFailure',
        code: 'aws-refused',
        message: expect.stringContaining('Function not found: evercert-renew'),
      });
      expect(await world.received()).toEqual([]);
    });
  });
}
