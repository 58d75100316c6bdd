import { certificateTargetsContract } from '../contracts/certificate-targets.contract.ts';
import { MemoryTargets } from './memory-targets.ts';

certificateTargetsContract('MemoryTargets', async () => {
  const targets = new MemoryTargets();
  return { targets, remove: async (_region, arn) => targets.remove(arn), stop: async () => undefined };
});
