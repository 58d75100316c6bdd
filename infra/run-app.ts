import { App } from 'aws-cdk-lib';
import { isRenewalFailure } from '../lambdas/core/failure.ts';
import { checkWithNag } from './nag.ts';

/**
 * Synthesizes what `define` puts into the app, checked by cdk-nag. People's mistakes come as one sentence on standard error; a
 * stack trace is for bugs.
 */
export async function runApp(define: (app: App) => void | Promise<void>): Promise<void> {
  try {
    // `synth` is called below, where a failure becomes a sentence.
    const app = new App({ autoSynth: false });
    await define(app);
    checkWithNag(app);
    app.synth();
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
