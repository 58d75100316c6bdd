import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { DefaultTransportReport } from './durable-default-transport.ts';

describe("the durable SDK's own transport", () => {
  // The SDK loads its client with import(), which Jest's CommonJS doesn't know: this runs in a process without Jest.
  it('reaches the service through AWS_ENDPOINT_URL', async () => {
    const module = new URL('./durable-default-transport.ts', import.meta.url);
    const code = `import { runOverDefaultTransport } from ${JSON.stringify(module.href)};
      process.stdout.write(JSON.stringify(await runOverDefaultTransport()));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code]);
    const { execution, calls, bugs } = JSON.parse(stdout) as DefaultTransportReport;
    expect(execution).toMatchObject({
      status: 'SUCCEEDED',
      result: '42',
      aliveMilliseconds: 0,
      operations: [
        { name: 'double', status: 'SUCCEEDED' },
        { name: 'pause', status: 'SUCCEEDED' },
        { name: 'count', status: 'SUCCEEDED', attempts: 2 },
      ],
    });
    expect((execution.endedAt ?? 0) - execution.startedAt).toBe(65 * 60_000);
    expect(execution.invocations).toHaveLength(3);
    expect(calls).toMatchObject({ GetDurableExecutionState: 2, CheckpointDurableExecution: expect.any(Number) });
    expect(bugs).toBe(0);
  });
});
