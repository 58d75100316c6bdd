import { renewalStarterContract } from '../contracts/renewal-starter.contract.ts';
import { MemoryStarter } from './memory-starter.ts';

renewalStarterContract('MemoryStarter', async () => {
  const starter = new MemoryStarter();
  return {
    starter,
    received: async () => starter.started.map(({ event }) => event),
    refuse: (words) => {
      starter.refusal = words;
    },
    stop: async () => undefined,
  };
});
