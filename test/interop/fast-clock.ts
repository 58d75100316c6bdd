import { systemClock } from '../../lambdas/renewal/ports/clock.ts';
import { VirtualClock } from '../sandbox/virtual-clock.ts';

/**
 * Real time, but faster. Other programs run on real time, so nothing can jump to the next thing that waits; with this
 * clock, waits that are made for Route 53's delay cost seconds instead of minutes. It is a `VirtualClock` because that
 * is what the sandbox's parts take; none of its machinery is used.
 *
 * Ten times faster is far enough: after three minutes it is half an hour ahead of the programs beside it, which all
 * their validities and leases allow.
 */
export class FastClock extends VirtualClock {
  readonly #began = Date.now();
  readonly #speed: number;

  constructor(speed = 10) {
    super(0);
    super.close();
    this.#speed = speed;
  }

  override now(): number {
    return this.#began + (Date.now() - this.#began) * this.#speed;
  }

  override async sleep(milliseconds: number): Promise<void> {
    await systemClock.sleep(milliseconds / this.#speed);
  }

  override hold(milliseconds: number): Promise<void> {
    return this.sleep(milliseconds);
  }

  override advance(milliseconds: number): Promise<void> {
    return this.sleep(milliseconds);
  }

  override run<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  override close(): void {}
}
