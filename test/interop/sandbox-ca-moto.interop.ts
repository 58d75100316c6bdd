import { describePortableCases } from './portable-cases.ts';
import { describeWith, MOTO_ABILITIES } from './second-opinions.ts';
import { startMoto } from './start-moto.ts';
import { startSandboxCa } from './start-sandbox-ca.ts';

describeWith(['moto'], "The sandbox's CA and moto", () => {
  describePortableCases(
    { startCa: startSandboxCa, startAws: startMoto },
    { reusesAuthorizations: true, ...MOTO_ABILITIES },
  );
});
