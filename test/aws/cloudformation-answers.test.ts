import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createCloudFormationAnswers } from '../../lambdas/aws/cloudformation-answers.ts';
import type { DeploymentAnswers } from '../../lambdas/renewal/ports/deployment-answers.ts';
import { deploymentAnswersContract } from '../contracts/deployment-answers.contract.ts';
import { VirtualClock } from '../sandbox/virtual-clock.ts';

interface Arrival {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server;
let clock: VirtualClock;
let answers: DeploymentAnswers;
let arrivals: Arrival[];
/** What the bucket answers to one request after the other, then 200; 0 hangs up. */
let statuses: number[];
let url: string;

async function start() {
  arrivals = [];
  statuses = [];
  clock = new VirtualClock(Date.parse('2026-11-01T00:00:00Z'));
  server = createServer(async (message, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
    const status = statuses.shift() ?? 200;
    if (status === 0) return void message.socket.destroy();
    const { method, headers } = message;
    if (status === 200) arrivals.push({ method, headers, body: Buffer.concat(chunks).toString('utf8') });
    response.writeHead(status, status === 307 ? { location: url } : {}).end('<Error>SignatureDoesNotMatch</Error>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer?X-Amz-Signature=abc`;
  answers = createCloudFormationAnswers({ clock, allowHttp: true });
}

async function stop() {
  clock.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

const send = (document = '{}') => clock.run(() => answers.send(url, document));

deploymentAnswersContract('CloudFormation’s bucket', async () => {
  await start();
  return {
    answers: { send: (to, document) => clock.run(() => answers.send(to, document)) },
    url,
    arrived: () => arrivals.map(({ body }) => body),
    close: () => {
      statuses = Array(100).fill(503);
    },
    stop,
  };
});

describe('answers to CloudFormation', () => {
  beforeEach(start);
  afterEach(stop);

  it('are put with an empty content type, for which their URL is signed', async () => {
    await send('{"Reason":"ü"}');
    expect(arrivals).toEqual([
      {
        method: 'PUT',
        headers: expect.objectContaining({ 'content-type': '', 'content-length': '15' }),
        body: '{"Reason":"ü"}',
      },
    ]);
  });

  it.each([0, 500, 503, 429])('are sent again after %d, with pauses, four times', async (status) => {
    const began = clock.now();
    statuses = Array(4).fill(status);
    await send();
    expect(arrivals).toHaveLength(1);
    expect(clock.now() - began).toBe(15_000);
  });

  it('are given up after five attempts, and that is thrown', async () => {
    statuses = Array(5).fill(0);
    await expect(send()).rejects.toMatchObject({
      code: 'aws-unavailable',
      message: expect.stringContaining(`host ${new URL(url).host}`),
    });
    expect(arrivals).toEqual([]);
  });

  it.each([403, 307])('are not sent again after %d: it is no other the next time', async (status) => {
    statuses = [status];
    await expect(send()).rejects.toMatchObject({ code: 'aws-refused', message: expect.stringContaining(`${status}`) });
    expect(arrivals).toEqual([]);
  });

  it('go to https alone, unless a setting allows http for an emulation', async () => {
    const strict = createCloudFormationAnswers({ clock, allowHttp: false });
    await expect(strict.send(url, '{}')).rejects.toMatchObject({ code: 'invalid-input' });
    expect(arrivals).toEqual([]);
  });
});
