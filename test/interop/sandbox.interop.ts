import { describe } from '@jest/globals';
import { describePortableCases } from './portable-cases.ts';
import { startSandboxAws } from './start-sandbox-aws.ts';
import { startSandboxCa } from './start-sandbox-ca.ts';

/** The control: what fails here is no disagreement. */
describe("The sandbox's CA and the sandbox's AWS", () => {
  describePortableCases({ startCa: startSandboxCa, startAws: startSandboxAws }, { reusesAuthorizations: true });
});
