import { describePortableCases } from './portable-cases.ts';
import { describeWith, pebbleAbilities } from './second-opinions.ts';
import { startPebble } from './start-pebble.ts';
import { startSandboxAws } from './start-sandbox-aws.ts';

describeWith(['Pebble'], "Pebble, which reuses no authorization, and the sandbox's AWS", () => {
  describePortableCases(
    {
      startCa: (options) => startPebble({ ...options, authorizationReuse: 0, binds: true }),
      startAws: startSandboxAws,
    },
    { reusesAuthorizations: false, ...pebbleAbilities() },
  );
});
