import { once } from 'node:events';
import { createServer, type RequestListener, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HOUR } from '../../lambdas/core/duration.ts';
import { systemClock } from '../../lambdas/renewal/ports/clock.ts';
import { clockContract } from '../contracts/clock.contract.ts';
import { holdStill, VirtualClock } from './virtual-clock.ts';

const START = Date.UTC(2026, 10, 24);

clockContract('The system clock', () => ({ clock: systemClock }));

clockContract('The virtual clock', () => {
  const clock = new VirtualClock(new Date());
  return { clock, stop: () => clock.close() };
});

clockContract('The virtual clock, inside a run,', () => {
  const clock = new VirtualClock(new Date());
  const { now, sleep } = clock;
  const inRun = {
    now: now.bind(clock),
    sleep: (milliseconds: number) => clock.run(() => sleep.call(clock, milliseconds)),
  };
  return { clock: inRun, stop: () => clock.close() };
});

describe('The virtual clock', () => {
  let clock: VirtualClock;
  let happened: string[];
  const servers: Server[] = [];

  beforeEach(() => {
    clock = new VirtualClock(START);
    happened = [];
  });
  afterEach(() => {
    clock.close();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  it('stands still while something is worked on, also of a run that sleeps as well', async () => {
    const work = Promise.withResolvers<void>();
    await clock.run(async () => {
      const slept = clock.sleep(HOUR).then(() => happened.push('woke up'));
      const worked = holdStill(work.promise).then(() => happened.push(`worked for ${clock.now() - START} ms`));
      // Some turns of the event loop, each of which would have been enough to jump.
      for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
      work.resolve();
      await Promise.all([slept, worked]);
    });
    expect(happened).toEqual(['worked for 0 ms', 'woke up']);
  });

  const note = (what: string) => () => {
    happened.push(`${what} at ${(clock.now() - START) / HOUR} h`);
  };
  const serve = async (answer: RequestListener): Promise<string> => {
    const server = createServer(answer).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  /** Resolves when the whole answer has come. */
  const get = (url: string, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const asked = request(url, { agent: false, ...(signal && { signal }) }, (response) => {
        response.resume().on('end', resolve).on('error', reject);
      });
      asked.on('error', reject).end();
    });
  /** Real time, in which a virtual clock that doesn't stand still would have jumped many times. */
  const work = async () => {
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };

  it('shows whole milliseconds, as Date.now does', async () => {
    await clock.sleep(0.25);
    expect(clock.now()).toBe(START + 1);
  });

  it('lets held requests go on in the order of their runs, whichever came first', async () => {
    const url = await serve(async (message, response) => {
      await clock.hold(HOUR);
      note(String(message.url))();
      response.end();
    });
    const second = Promise.withResolvers<void>();
    // The run that begins first is the last to be heard by the server.
    const one = clock.run(async () => {
      await second.promise;
      await Promise.all([get(`${url}/1a`), get(`${url}/1b`)]);
    });
    const two = clock.run(async () => {
      const asked = get(`${url}/2`);
      await work();
      second.resolve();
      await asked;
    });
    await Promise.all([one, two]);
    expect(happened).toEqual(['/1a at 1 h', '/1b at 1 h', '/2 at 1 h']);
  });

  it('jumps over what nobody works in', async () => {
    await clock.sleep(24 * 365 * HOUR);
    expect(clock.now()).toBe(START + 24 * 365 * HOUR);
  });

  it('stands still while nobody sleeps', async () => {
    await work();
    expect(clock.now()).toBe(START);
  });

  it('wakes sleepers one at a time, and lets each start what must be over before the next', async () => {
    await Promise.all([
      clock.sleep(2 * HOUR).then(note('second')),
      clock.run(async () => {
        await clock.sleep(HOUR);
        await work();
        note('first')();
      }),
    ]);
    expect(happened).toEqual(['first at 1 h', 'second at 2 h']);
  });

  it('lets a sleeper that comes later wake earlier', async () => {
    const late = clock.sleep(3 * HOUR).then(note('late'));
    const early = clock.sleep(HOUR).then(note('early'));
    await Promise.all([late, early]);
    expect(happened).toEqual(['early at 1 h', 'late at 3 h']);
  });

  it('keeps the order of sleepers that wake at the same time', async () => {
    await Promise.all(['a', 'b', 'c'].map((name) => clock.sleep(HOUR).then(note(name))));
    expect(happened).toEqual(['a at 1 h', 'b at 1 h', 'c at 1 h']);
  });

  it('stands still while a run works on what it can not see', async () => {
    const background = clock.sleep(HOUR).then(note('background'));
    await clock.run(async () => {
      await work();
      note('work done')();
    });
    await background;
    expect(happened).toEqual(['work done at 0 h', 'background at 1 h']);
  });

  it('moves on while all runs sleep, and no further than to the one that wakes first', async () => {
    const run = (name: string, hours: number) =>
      clock.run(async () => {
        await clock.sleep(hours * HOUR);
        await work();
        note(name)();
      });
    await Promise.all([run('two', 2), run('one', 1), run('three', 3)]);
    expect(happened).toEqual(['one at 1 h', 'two at 2 h', 'three at 3 h']);
  });

  it('moves on after a run has failed', async () => {
    const background = clock.sleep(HOUR).then(note('background'));
    await expect(clock.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await background;
    expect(happened).toEqual(['background at 1 h']);
  });

  it('kills a mortal run in its sleep, and time goes on without it', async () => {
    const victim = clock.run(() => clock.sleep(2 * HOUR).then(note('victim')), { mortal: true });
    const other = clock.run(() => clock.sleep(3 * HOUR).then(note('other')));
    await clock.sleep(HOUR);
    clock.kill();
    await expect(victim).rejects.toThrow('the process was killed');
    await other;
    expect(happened).toEqual(['other at 3 h']);
  });

  it('kills a run that has not ended by its deadline, and no other', async () => {
    const late = clock.run(() => clock.sleep(3 * HOUR).then(note('late')), { mortal: true, until: START + HOUR });
    const inTime = clock.run(() => clock.sleep(HOUR).then(note('in time')), { mortal: true, until: START + 2 * HOUR });
    await expect(late).rejects.toThrow('the process was killed');
    await inTime;
    await clock.sleep(5 * HOUR);
    expect(happened).toEqual(['in time at 1 h']);
    expect(clock.now()).toBe(START + 6 * HOUR);
  });

  it('sends and waits for nothing any more in a run that has been killed', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked += 1;
      response.end('done');
    });
    const outlived: Promise<unknown>[] = [];
    const victim = clock.run(
      async () => {
        await work();
        clock.kill();
        outlived.push(expect(get(url)).rejects.toThrow('the process was killed'));
        void clock.sleep(0).then(note('slept'));
      },
      { mortal: true },
    );
    await expect(victim).rejects.toThrow('the process was killed');
    await Promise.all(outlived);
    await work();
    expect(asked).toBe(0);
    expect(happened).toEqual([]);
  });

  describe('with real requests', () => {
    it.each([
      ['in a run', (ask: () => Promise<void>) => clock.run(ask)],
      ['outside of any run', (ask: () => Promise<void>) => ask()],
    ])('stands still while a server works on its answer (%s)', async (_, within) => {
      const url = await serve(async (_request, response) => {
        await work();
        response.end('done');
      });
      const background = clock.sleep(HOUR).then(note('background'));
      await within(() => get(url).then(note('answered')));
      await background;
      expect(happened).toEqual(['answered at 0 h', 'background at 1 h']);
    });

    it('moves on while a server holds its answer back', async () => {
      const url = await serve(async (_request, response) => {
        await clock.hold(2 * HOUR);
        response.end('done');
      });
      const background = clock.sleep(HOUR).then(note('background'));
      await clock.run(() => get(url).then(note('answered')));
      await background;
      expect(happened).toEqual(['background at 1 h', 'answered at 2 h']);
    });

    it('stands still while one of two servers works', async () => {
      const holding = await serve(async (_request, response) => {
        await clock.hold(HOUR);
        response.end('done');
      });
      const working = await serve(async (_request, response) => {
        await work();
        response.end('done');
      });
      await Promise.all([
        clock.run(() => get(holding).then(note('held'))),
        clock.run(() => get(working).then(note('worked'))),
      ]);
      expect(happened).toEqual(['worked at 0 h', 'held at 1 h']);
    });

    it('moves on after a connection has broken', async () => {
      const url = await serve((_request, response) => response.destroy());
      const background = clock.sleep(HOUR).then(note('background'));
      await clock.run(() => get(url).catch(note('broken')));
      await background;
      expect(happened).toEqual(['broken at 0 h', 'background at 1 h']);
    });

    it('moves on after a connection was refused', async () => {
      await clock.run(() => get('http://127.0.0.1:1').catch(note('refused')));
      await clock.sleep(HOUR);
      expect(happened).toEqual(['refused at 0 h']);
    });

    it('stands still for a working server although a client has left another one that holds', async () => {
      const left = new AbortController();
      let holds: () => void = () => undefined;
      const holding = new Promise<void>((resolve) => {
        holds = resolve;
      });
      const heldUrl = await serve(async (_request, response) => {
        const held = clock.hold(2 * HOUR);
        holds();
        await held;
        response.end('too late');
      });
      const workingUrl = await serve(async (_request, response) => {
        await work();
        response.end('done');
      });
      await clock.run(async () => {
        const asked = get(heldUrl, left.signal).catch(note('left'));
        await holding;
        left.abort();
        await asked;
        const background = clock.sleep(HOUR).then(note('background'));
        await get(workingUrl).then(note('answered'));
        await background;
      });
      expect(happened).toEqual(['left at 0 h', 'answered at 0 h', 'background at 1 h']);
    });

    it('does not take the answer for the whole answer', async () => {
      const url = await serve(async (_request, response) => {
        response.write('some');
        await work();
        response.end('more');
      });
      const background = clock.sleep(HOUR).then(note('background'));
      await get(url).then(note('answered'));
      await background;
      expect(happened).toEqual(['answered at 0 h', 'background at 1 h']);
    });

    it('kills the run whose request is being served, and no other', async () => {
      const url = await serve(async (request, response) => {
        if (request.url === '/fatal') clock.kill();
        await clock.hold(HOUR);
        response.end('done');
      });
      const victim = clock.run(() => get(`${url}/fatal`).finally(() => clock.sleep(0).then(note('victim'))), {
        mortal: true,
      });
      const other = clock.run(() => get(`${url}/harmless`).then(note('other')), { mortal: true });
      await expect(victim).rejects.toThrow('the process was killed');
      await other;
      expect(happened).toEqual(['other at 1 h']);
    });
  });

  it('advances by hand, and wakes what is due on the way', async () => {
    const due = [1, 2, 3].map((hours) => clock.sleep(hours * HOUR).then(note(`${hours}`)));
    await clock.advance(2 * HOUR);
    expect(happened).toEqual(['1 at 1 h', '2 at 2 h']);
    await Promise.all(due);
  });
});
