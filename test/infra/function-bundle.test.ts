import { globSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { bundledFunction } from '../../infra/function-bundle.ts';
import { BUNDLE_LIMITS } from '../bench/bundle-limits.ts';

/** As it is deployed: CDK runs esbuild, a second for each function. */
describe('the bundle of a function', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'evercert-bundle-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const bytesOf = (handlerFile: string): number => {
    const app = new App({ outdir: join(folder, handlerFile) });
    const stack = new Stack(app, 'Test');
    bundledFunction(stack, 'Function', {
      handlerFile,
      handler: 'handler',
      description: handlerFile,
      timeout: Duration.minutes(1),
      environment: {},
      deadLetterQueue: new Queue(stack, 'DeadLetters'),
      logRetention: RetentionDays.ONE_DAY,
      network: {},
    });
    app.synth();
    const bundles = globSync(join(app.outdir, 'asset.*/index.mjs'));
    expect(bundles).toHaveLength(1);
    return statSync(bundles[0] ?? '').size;
  };

  it.each(Object.entries(BUNDLE_LIMITS))('is for %s no larger than %i bytes', (handlerFile, limit) => {
    // Too large? `esbuild --analyze` says what is in it and which import has brought it along.
    expect(bytesOf(handlerFile)).toBeLessThanOrEqual(limit);
  });
});
