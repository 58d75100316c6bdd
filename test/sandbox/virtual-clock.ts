import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../lambdas/renewal/ports/clock.ts';

/** How many pieces of work are under way that time waits for, whatever the runs do. */
let working = 0;

/** Has time stand still until something is over that no run shows, because it sleeps as well: a key that is generated meanwhile. */
export async function holdStill<T>(work: Promise<T>): Promise<T> {
  working += 1;
  try {
    return await work;
  } finally {
    working -= 1;
  }
}

/**
 * A clock that jumps to the next thing that waits, but only while nothing works: every run sleeps or waits for an
 * answer, and every request in flight sleeps on the server's side. Real sockets therefore never see their time-outs
 * jump. HTTP requests of this process are watched through Node's diagnostics channels, so the code under test needs
 * no hook. Work that the clock can't see (a DNS look-up, generating a key) keeps time still as long as it happens in a
 * `run`.
 */
export class VirtualClock implements Clock {
  #now: number;
  readonly #context = new AsyncLocalStorage<Run>();
  /** The connection of the request that a server works on. */
  readonly #served = new AsyncLocalStorage<Socket>();
  readonly #runs = new Set<Run>();
  readonly #sleepers: Sleeper[] = [];
  readonly #inFlight = new Map<ClientRequest, Sent>();
  /** The clients' ports of the connections whose request a server holds, once for each hold. */
  readonly #held: number[] = [];
  #checkScheduled = false;
  #deaths = 0;
  #begun = 0;

  constructor(start: number | Date) {
    this.#now = Number(start);
    subscribe('http.client.request.created', this.#onRequest);
    subscribe('http.server.request.start', this.#onServed);
  }

  /** Stops watching this process's requests. */
  close(): void {
    unsubscribe('http.client.request.created', this.#onRequest);
    unsubscribe('http.server.request.start', this.#onServed);
  }

  now(): number {
    return this.#now;
  }

  /** A wait of the code under test, or of something that works in the background. */
  sleep(milliseconds: number): Promise<void> {
    const run = this.#context.getStore();
    if (run?.dead) return new Promise(() => undefined);
    if (milliseconds <= 0) return Promise.resolve();
    if (run) run.sleeping += 1;
    const wake = () => {
      if (run) run.sleeping -= 1;
      return !run?.dead;
    };
    return this.#until(this.#now + milliseconds, wake, run?.turn);
  }

  /**
   * A wait of a server before it answers a request; the client's run counts as waiting meanwhile. Of requests that are due
   * at the same moment the one goes first whose run began first, and of one run's the one that it sent first: in what order
   * they came through the sockets doesn't matter. The run itself goes on after them.
   */
  hold(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) return Promise.resolve();
    const port = this.#served.getStore()?.remotePort;
    const sent = this.#servedRequest();
    if (port !== undefined) this.#held.push(port);
    const wake = () => {
      if (port !== undefined) this.#held.splice(this.#held.indexOf(port), 1);
      return true;
    };
    return this.#until(this.#now + milliseconds, wake, sent && turnOf(sent));
  }

  /**
   * Everything that shall keep time still while it works: an invocation, a CA's validation. A `mortal` run can be
   * killed, as Lambda's sandbox can, and is when it has not ended by `until`; then the promise rejects with `Killed`.
   * `as` says in whose name it sends requests; see `caller`.
   */
  async run<T>(
    work: () => Promise<T>,
    options: { readonly mortal?: boolean; readonly until?: number; readonly as?: string | undefined } = {},
  ): Promise<T> {
    this.#begun += 1;
    const served = this.#servedRequest();
    const run: Run = {
      number: this.#begun,
      began: this.#now,
      turn: served ? turnOf(served) : [this.#begun, Number.POSITIVE_INFINITY],
      mortal: options.mortal ?? false,
      as: options.as,
      dead: false,
      die: () => undefined,
      sleeping: 0,
      requests: 0,
      sent: 0,
    };
    const killed = new Promise<never>((_, reject) => {
      run.die = () => reject(new Killed());
    });
    this.#runs.add(run);
    const alarm = options.until === undefined ? undefined : this.#wakeAt(options.until, () => this.#end(run));
    try {
      return await Promise.race([this.#context.run(run, work), killed]);
    } finally {
      if (alarm && this.#sleepers.includes(alarm)) this.#sleepers.splice(this.#sleepers.indexOf(alarm), 1);
      this.#runs.delete(run);
      this.#check();
    }
  }

  /**
   * Kills the mortal run whose request is being served in this context; every mortal run where that can't be told (DNS).
   * What has been killed sends nothing any more and never wakes up: as if its process were gone.
   */
  kill(): void {
    const served = this.#servedRequest();
    const victims = served ? [served.run] : [...this.#runs];
    for (const run of victims) if (run?.mortal && !run.dead) this.#end(run);
    this.#check();
  }

  #end(run: Run): void {
    run.dead = true;
    this.#deaths += 1;
    this.#runs.delete(run);
    for (const [request, sent] of this.#inFlight) if (sent.run === run) request.destroy(new Killed());
    run.die();
  }

  /** In whose name the request was sent that is being served in this context; `undefined` outside of any such run. */
  caller(): string | undefined {
    return this.#servedRequest()?.run?.as;
  }

  /** The run that sent the request that is being served in this context, as long as it waits for the answer. */
  served(): ServedRun | undefined {
    return this.#servedRequest()?.run;
  }

  #servedRequest(): Sent | undefined {
    const port = this.#served.getStore()?.remotePort;
    if (port === undefined) return undefined;
    return [...this.#inFlight].findLast(([request]) => request.socket?.localPort === port)?.[1];
  }

  /** How many runs were killed so far. */
  get deaths(): number {
    return this.#deaths;
  }

  /** Moves time on by hand; whatever is due on the way happens in order. */
  async advance(milliseconds: number): Promise<void> {
    await this.#until(this.#now + milliseconds, () => true);
  }

  /** `wake` says whether whoever sleeps is still alive. */
  #until(at: number, wake: () => boolean, turn?: Turn): Promise<void> {
    return new Promise((resolve) => {
      const wakeUp = () => {
        if (wake()) resolve();
      };
      this.#wakeAt(at, wakeUp, turn);
    });
  }

  #wakeAt(moment: number, wake: () => void, turn?: Turn): Sleeper {
    // `Date.now` has no fractions either: instants that are stored with milliseconds must be equal when they are read again.
    const at = Math.ceil(moment);
    const sleeper: Sleeper = { at, wake, turn };
    const after = this.#sleepers.findIndex((other) => other.at > at || (other.at === at && isLater(other.turn, turn)));
    if (after === -1) this.#sleepers.push(sleeper);
    else this.#sleepers.splice(after, 0, sleeper);
    this.#check();
    return sleeper;
  }

  readonly #onRequest = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    const run = this.#context.getStore();
    if (run?.dead) {
      request.destroy(new Killed());
      return;
    }
    if (run) {
      run.requests += 1;
      run.sent += 1;
    }
    this.#inFlight.set(request, { run, number: run?.sent ?? 0 });
    const ended = () => {
      if (!this.#inFlight.delete(request)) return;
      if (run) run.requests -= 1;
      this.#check();
    };
    // In flight until the whole answer has come.
    request.prependOnceListener('response', (response: IncomingMessage) => response.once('close', ended));
    request.once('close', ended);
    this.#check();
  };

  /** Called in the turn in which the server hands the request to its listener, which inherits the context. */
  readonly #onServed = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    this.#served.enterWith(socket);
  };

  #check(): void {
    if (this.#checkScheduled) return;
    this.#checkScheduled = true;
    setImmediate(() => {
      this.#checkScheduled = false;
      this.#jump();
    });
  }

  #jump(): void {
    const next = this.#sleepers[0];
    if (!next) return;
    if (working > 0) {
      this.#check();
      return;
    }
    for (const request of this.#inFlight.keys()) if (!this.#held.includes(request.socket?.localPort ?? 0)) return;
    for (const run of this.#runs) if (run.sleeping === 0 && run.requests === 0) return;
    this.#now = Math.max(this.#now, next.at);
    // One at a time: what wakes first may start work that must be over before the next one's time comes.
    this.#sleepers.shift();
    next.wake();
    this.#check();
  }
}

/** What a killed run's promise rejects with. */
export class Killed extends Error {
  override readonly name = 'Killed';

  constructor() {
    super('the process was killed');
  }
}

export interface ServedRun {
  /** In the order in which they began. */
  readonly number: number;
  /** When it began. */
  readonly began: number;
}

interface Run extends ServedRun {
  /** When it wakes: what a server does in the background has the turn of the request that asked for it. */
  readonly turn: Turn;
  readonly mortal: boolean;
  readonly as: string | undefined;
  dead: boolean;
  die: () => void;
  sleeping: number;
  requests: number;
  /** How many requests it has sent so far. */
  sent: number;
}

/** A request and the run that sent it, as its `number`-th. */
interface Sent {
  readonly run: Run | undefined;
  readonly number: number;
}

/** Of a run and of a request. What belongs to no run keeps the order of arrival. */
type Turn = readonly [run: number, request: number];

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
  readonly turn: Turn | undefined;
}

function turnOf({ run, number }: Sent): Turn {
  return [run?.number ?? 0, number];
}

function isLater(other: Turn | undefined, than: Turn | undefined): boolean {
  if (!other || !than) return false;
  return other[0] > than[0] || (other[0] === than[0] && other[1] > than[1]);
}
