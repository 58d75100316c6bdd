import { directSteps } from '../../lambdas/renewal/direct-steps.ts';
import { stepsContract } from '../contracts/steps.contract.ts';
import { VirtualClock } from '../sandbox/virtual-clock.ts';

stepsContract('the direct implementation', async (flow) => {
  const clock = new VirtualClock(0);
  try {
    const result = await flow(directSteps(clock));
    return { result, waited: clock.now() };
  } finally {
    clock.close();
  }
});
