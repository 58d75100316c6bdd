import { isRenewalFailure } from '../lambdas/core/failure.ts';

/**
 * Runs an app to its end: one that synthesizes when it is told to, not by itself. People's mistakes come as one sentence on
 * standard error; a stack trace is for bugs.
 */
export async function runApp(synthesize: () => void | Promise<void>): Promise<void> {
  try {
    await synthesize();
  } catch (error) {
    const text = isRenewalFailure(error)
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
    process.stderr.write(`evercert: ${text}\n`);
    process.exitCode = 1;
  }
}
