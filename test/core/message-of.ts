import { expect } from '@jest/globals';

/** The sentence with which input is refused; expects a `RenewalFailure` of the code `invalid-input`. */
export function messageOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    expect(error).toMatchObject({ name: 'RenewalFailure', code: 'invalid-input' });
    return (error as Error).message;
  }
  return 'nothing was thrown';
}
