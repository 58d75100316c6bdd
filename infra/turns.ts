/** What Lambda gives a new account. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const CONCURRENT_EXECUTIONS = 10;
/** For `scan`, and for what else the account runs. */
const FOR_OTHERS = 2;
/** `provision` waits, and `renew` does what it waits for. */
const OF_A_CERTIFICATE = 2;

/**
 * How many certificates of a stack are waited for at the same time. CloudFormation would start all at once, and as many as
 * the account has concurrent executions would leave none for `renew`: each would wait in vain.
 */
export const AT_A_TIME = Math.floor((CONCURRENT_EXECUTIONS - FOR_OTHERS) / OF_A_CERTIFICATE);

/** Which of those before has to be done when the next one begins; `undefined` for the first few. */
export function whoseTurnEnds<T>(before: readonly T[]): T | undefined {
  return before.at(-AT_A_TIME);
}
