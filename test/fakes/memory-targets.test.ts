import { certificateTargetsContract } from '../contracts/certificate-targets.contract.ts';
import { MemoryTargets } from './memory-targets.ts';

certificateTargetsContract('MemoryTargets', async () => {
  const targets = new MemoryTargets();
  return {
    targets,
    delete: async (_region, arn) => targets.delete(arn),
    markInUse: async (arn) => targets.markInUse(arn),
    stop: async () => undefined,
  };
});
