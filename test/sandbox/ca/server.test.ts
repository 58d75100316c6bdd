import { describe, expect, it } from '@jest/globals';
import { expectProblem } from './expect-problem.ts';
import { authorize, obtain, placeOrder, requestFor, withCa } from './with-ca.ts';

describe('a fault', () => {
  it('is rendered as a problem document with its headers, before the operation has an effect', () =>
    withCa({}, async (underTest) => {
      underTest.faults.add({
        operation: 'acme:newOrder',
        times: 1,
        error: { status: 429, name: 'rateLimited', message: 'too many', headers: { 'Retry-After': '3600' } },
      });
      const answer = await placeOrder(underTest, ['example.net']);
      expectProblem(answer, 429, 'rateLimited', 'too many');
      expect(answer.headers).toMatchObject({ 'retry-after': '3600', 'replay-nonce': expect.any(String) });
      expect(underTest.ca.orders).toEqual([]);
      expect((await placeOrder(underTest, ['example.net'])).status).toBe(201);
      expect(underTest.calls.of('acme:newOrder')).toBe(2);
    }));

  it('is sent as it is when it names a content type', () =>
    withCa({}, async (underTest) => {
      underTest.faults.add({
        operation: 'acme:*',
        error: { status: 502, name: 'none', message: '<html>502</html>', headers: { 'Content-Type': 'text/html' } },
      });
      const answer = await underTest.client.get(underTest.ca.directoryUrl);
      expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
        502,
        'text/html',
        '<html>502</html>',
      ]);
    }));

  it('loses the answer and keeps the effect when it drops the connection afterwards', () =>
    withCa({}, async (underTest) => {
      underTest.faults.add({ operation: 'acme:newOrder', phase: 'after', times: 1, drop: true });
      await expect(placeOrder(underTest, ['example.net'])).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(underTest.ca.orders).toHaveLength(1);
    }));

  it('loses the request when it drops the connection before', () =>
    withCa({}, async (underTest) => {
      underTest.faults.add({ operation: 'acme:newOrder', times: 1, drop: true });
      await expect(placeOrder(underTest, ['example.net'])).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(underTest.ca.orders).toEqual([]);
    }));

  it('comes after the effect for what was not refused only', () =>
    withCa({}, async (underTest) => {
      underTest.faults.add({ operation: 'acme:newOrder', phase: 'after', times: 1, drop: true });
      expectProblem(await placeOrder(underTest, []), 400, 'malformed');
      await expect(placeOrder(underTest, ['example.net'])).rejects.toThrow();
    }));

  it('can be chosen by what the request says', () =>
    withCa({}, async (underTest) => {
      underTest.faults.add({
        operation: 'acme:newOrder',
        when: (request) => JSON.stringify(request).includes('bad.example.net'),
        error: { status: 503, name: 'rateLimited', message: 'Service busy; retry later.' },
      });
      expect((await placeOrder(underTest, ['example.net'])).status).toBe(201);
      expectProblem(await placeOrder(underTest, ['bad.example.net']), 503, 'rateLimited');
    }));

  it('delays an answer in virtual time', () =>
    withCa({}, async (underTest) => {
      const { clock, faults, ca, client } = underTest;
      const before = clock.now();
      faults.add({ operation: 'acme:directory', times: 1, delay: 30_000 });
      expect((await client.get(ca.directoryUrl)).status).toBe(200);
      expect(clock.now() - before).toBe(30_000);
    }));

  it('after finalize leaves an order that becomes valid all the same', () =>
    withCa({}, async (underTest) => {
      const { client, clock, faults, ca } = underTest;
      const order = await placeOrder(underTest, ['example.net']);
      await authorize(underTest, order);
      const { csr } = await requestFor(['example.net']);
      faults.add({ operation: 'acme:finalize', phase: 'after', times: 1, drop: true });
      await expect(client.post(order.json.finalize, { csr })).rejects.toThrow();
      await clock.sleep(ca.settings.processingMilliseconds);
      expect((await client.post(String(order.headers.location))).json.status).toBe('valid');
    }));
});

describe('a bug of the CA', () => {
  it('is answered with serverInternal and kept', async () => {
    const failure = new Error('a bug');
    const issuing = withCa({}, async (underTest) => {
      underTest.ca.settings.mutate.certificate = () => {
        throw failure;
      };
      const { certificate } = await obtain(underTest, ['example.net']);
      expectProblem(certificate, 500, 'serverInternal');
      expect(underTest.ca.bugs).toEqual([failure]);
    });
    await expect(issuing).rejects.toThrow('The CA has bugs.');
  });
});

describe('stop', () => {
  it('closes connections that are kept alive', async () => {
    await expect(
      withCa({}, async ({ ca }) => {
        await fetchDirectory(ca.directoryUrl, ca.httpsRoot);
      }),
    ).resolves.toBeUndefined();
  });
});

async function fetchDirectory(url: string, root: string): Promise<void> {
  const { Agent, get } = await import('node:https');
  const agent = new Agent({ keepAlive: true, ca: root });
  await new Promise<void>((resolve, reject) => {
    get(url, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
  });
}
