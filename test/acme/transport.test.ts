import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connectionTo } from '../../lambdas/acme/endpoint.ts';
import { createTransport, type Transport } from '../../lambdas/acme/transport.ts';
import { createHttpsIdentity } from '../sandbox/ca/https-root.ts';
import { freePort } from '../sandbox/ports.ts';
import { type ScriptedCa, startScriptedCa } from './scripted-ca.ts';
import { thrownBy } from './thrown.ts';

describe('the transport', () => {
  let ca: ScriptedCa;
  let transport: Transport;

  beforeEach(async () => {
    ca = await startScriptedCa();
    transport = createTransport(connectionTo(ca.endpoint.directoryUrl, ca.endpoint));
  });

  afterEach(() => ca.stop());

  const open = (changes: object, timeOut?: number) =>
    createTransport(connectionTo(ca.endpoint.directoryUrl, { ...ca.endpoint, ...changes }), timeOut);

  it('returns status, headers and the JSON object of an answer, whatever its status is', async () => {
    ca.script('POST /x', { status: 418, headers: { 'X-Y': 'z' }, body: { short: true } });
    expect(await transport('POST', ca.url('/x'), '{"payload":"","protected":"e30"}')).toMatchObject({
      status: 418,
      headers: { 'x-y': 'z' },
      data: { short: true },
    });
  });

  it('returns text as it is, also text that only begins like JSON', async () => {
    ca.script('GET /x', { body: '{"half": ' });
    expect((await transport('GET', ca.url('/x'))).data).toBe('{"half": ');
  });

  it('says who asks, in which language, and that a POST is JOSE', async () => {
    ca.script('POST /x', {});
    await transport('POST', ca.url('/x'), '{"payload":"","protected":"e30"}');
    expect(ca.requests[0]?.headers).toMatchObject({
      'user-agent': expect.stringMatching(/^evercert\/\d/),
      'accept-language': 'en',
      'content-type': 'application/jose+json',
    });
  });

  it('follows no redirect and names both URLs', async () => {
    ca.script('GET /x', { status: 302, headers: { Location: 'https://elsewhere.example/acme' } });
    const { code, message } = await thrownBy(() => transport('GET', ca.url('/x')));
    expect(code).toBe('ca-misbehaved');
    expect(message).toContain(`${ca.url('/x')} redirects to https://elsewhere.example/acme (HTTP 302)`);
    expect(ca.requests).toHaveLength(1);
  });

  it('reads no more than a megabyte', async () => {
    ca.script('GET /exact', { body: 'x'.repeat(1024 * 1024) });
    ca.script('GET /more', { body: 'x'.repeat(1024 * 1024 + 1) });
    ca.script('GET /endless', (response) => {
      const write = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        if (!response.destroyed) response.once('drain', write);
      };
      write();
    });
    expect((await transport('GET', ca.url('/exact'))).data).toHaveLength(1024 * 1024);
    for (const path of ['/more', '/endless']) {
      const { code, message } = await thrownBy(() => transport('GET', ca.url(path)));
      expect([code, message]).toEqual(['ca-misbehaved', expect.stringContaining('larger than 1048576 bytes')]);
    }
  });

  it.each([
    ['no answer at all', 'hang' as const],
    ['an answer that never ends', (response: { write(text: string): void }) => response.write('half')],
  ])('gives up on %s', async (_what, answer) => {
    ca.script('GET /x', answer);
    const { code, message } = await thrownBy(() => open({}, 100)('GET', ca.url('/x')));
    expect(code).toBe('ca-unreachable');
    expect(message).toContain(`${ca.host} has not answered within 0.1 seconds`);
  });

  it('reports a connection that breaks before, and in the middle of, an answer', async () => {
    ca.script('GET /before', 'drop');
    ca.script('GET /middle', (response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('half', () => response.destroy());
    });
    for (const path of ['/before', '/middle']) {
      const { code, message, cause } = await thrownBy(() => transport('GET', ca.url(path)));
      expect([code, message]).toEqual(['ca-unreachable', expect.stringContaining(`(GET ${ca.url(path)})`)]);
      expect(cause).toMatchObject({ code: 'ECONNRESET' });
    }
  });

  it('keeps the cause, but nothing of the request in it', async () => {
    ca.script('POST /x', 'drop');
    const body = JSON.stringify({ protected: 'e30', payload: '', signature: 'c2lnbmF0dXJl' });
    const { cause } = await thrownBy(() => transport('POST', ca.url('/x'), body), [body, 'c2lnbmF0dXJl']);
    expect(Object.keys(cause as object)).toEqual(['code']);
  });

  it('reports what is not HTTP as nonsense', async () => {
    ca.script('GET /x', (response) => void response.socket?.end('SSH-2.0-OpenSSH_9.6\r\n'));
    expect(await thrownBy(() => transport('GET', ca.url('/x')))).toMatchObject({
      code: 'ca-misbehaved',
      message: expect.stringContaining('does not speak HTTP'),
    });
  });

  it('reports a host that nobody knows, or where nobody listens', async () => {
    const nowhere = createTransport(connectionTo('https://nowhere.invalid/', {}));
    expect(await thrownBy(() => nowhere('GET', 'https://nowhere.invalid/'))).toMatchObject({
      code: 'ca-unreachable',
      message: expect.stringMatching(/nowhere\.invalid could not be reached: getaddrinfo/),
    });
    const closed = Object.assign(new URL(ca.url('/x')), { port: await freePort() }).href;
    const closedTransport = createTransport(connectionTo(closed, ca.endpoint));
    const { code, message } = await thrownBy(() => closedTransport('GET', closed));
    expect([code, message]).toEqual(['ca-unreachable', expect.stringContaining('ECONNREFUSED')]);
  });

  describe('trust', () => {
    it('does not accept a certificate from a root that it was not given, and says where to give it', async () => {
      const { code, message } = await thrownBy(() => open({ caBundle: undefined })('GET', ca.url('/directory')));
      expect(code).toBe('ca-unreachable');
      expect(message).toMatch(/TLS certificate of localhost:\d+ is not trusted.*caBundle/);
      expect(ca.requests).toEqual([]);
    });

    it('is each transport’s own', async () => {
      expect((await transport('GET', ca.url('/directory'))).status).toBe(200);
      await thrownBy(() => open({ caBundle: undefined })('GET', ca.url('/directory')));
    });

    it('is not that of the roots before, nor of those after', async () => {
      const other = (await createHttpsIdentity()).root;
      for (let turn = 0; turn < 2; turn += 1) {
        expect((await open({})('GET', ca.url('/directory'))).status).toBe(200);
        const { code } = await thrownBy(() => open({ caBundle: other })('GET', ca.url('/directory')));
        expect(code).toBe('ca-unreachable');
      }
    });

    it('takes a bundle of several roots that are glued together', async () => {
      const glued = `${ca.endpoint.caBundle?.trim()}${ca.endpoint.caBundle}`;
      expect((await open({ caBundle: glued })('GET', ca.url('/directory'))).status).toBe(200);
    });

    it('refuses a bundle that holds something else', async () => {
      const caBundle = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----';
      expect(await thrownBy(() => open({ caBundle }))).toMatchObject({
        code: 'invalid-input',
        message: expect.stringContaining('caBundle'),
      });
    });
  });

  describe('where requests may go', () => {
    it('not to private addresses unless the settings allow it, by name or by number', async () => {
      const careful = open({ allowPrivateAddresses: false });
      const byName = await thrownBy(() => careful('GET', ca.url('/directory')));
      expect([byName.code, byName.retry]).toEqual(['ca-unreachable', 'never']);
      expect(byName.message).toMatch(/localhost has the address \S+, which is not public.*allowPrivateAddresses/);
      for (const address of ['127.0.0.1', '[::1]', '169.254.169.254', '2130706433', '0x7f.1']) {
        const byNumber = await thrownBy(() => connectionTo(`https://${address}/directory`, {}));
        expect([byNumber.code, byNumber.message]).toEqual(['invalid-input', expect.stringContaining('is not public')]);
      }
      expect(ca.requests).toEqual([]);
    });

    it.each([
      ['http://localhost/x', 'is no https URL'],
      ['ftp://localhost/x', 'is no https URL'],
      ['file:///etc/passwd', 'is no https URL'],
      ['https://other.example/x', 'is on another host'],
      ['https://localhost/x', 'is on another host'],
      ['nonsense', 'is no URL'],
      ['', 'is no URL'],
    ])('not to %p: it %s', async (url, why) => {
      const { code, message } = await thrownBy(() => transport('GET', url));
      expect([code, message]).toEqual(['ca-misbehaved', expect.stringContaining(why)]);
    });

    it('not to a URL with a password in it', async () => {
      expect(await thrownBy(() => transport('GET', `https://a:b@${ca.host}/x`))).toMatchObject({
        code: 'ca-misbehaved',
      });
    });

    it('to other hosts that the settings list, with any port or with the listed one', async () => {
      const other = await startScriptedCa();
      const port = new URL(other.url('/')).port;
      for (const allowed of ['localhost', `LOCALHOST:${port}`]) {
        expect((await open({ allowedHosts: [allowed] })('GET', other.url('/directory'))).status).toBe(200);
      }
      expect(
        await thrownBy(() => open({ allowedHosts: ['localhost:1'] })('GET', other.url('/directory'))),
      ).toMatchObject({
        message: expect.stringContaining(`add localhost:${port} to the issuer's allowedHosts`),
      });
      await other.stop();
    });

    it('to http where the settings allow it', async () => {
      const server = createServer((_request, response) => response.end('{"plain":true}'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const rules = { allowPrivateAddresses: true };
      expect((await createTransport(connectionTo(url, { ...rules, allowHttp: true }))('GET', url)).data).toEqual({
        plain: true,
      });
      expect(await thrownBy(() => connectionTo(url, rules))).toMatchObject({ code: 'invalid-input' });
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
  });
});
