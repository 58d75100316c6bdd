import type { Clock } from '../../lambdas/renewal/ports/clock.ts';
import type { Steps } from '../../lambdas/renewal/ports/steps.ts';
import { directSteps } from '../../lambdas/renewal/steps/direct-steps.ts';
import { measuredStepsContract } from '../contracts/measured-steps.contract.ts';
import { stepsContract } from '../contracts/steps.contract.ts';
import { VirtualClock } from '../sandbox/virtual-clock.ts';

async function execute<T>(flow: (steps: Steps, clock: Clock) => Promise<T>) {
  const clock = new VirtualClock(0);
  try {
    const result = await flow(directSteps(clock), clock);
    return { result, waited: clock.now() };
  } finally {
    clock.close();
  }
}

stepsContract('the direct implementation', execute);

measuredStepsContract('the direct implementation', execute);
