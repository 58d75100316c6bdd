import { describe, expect, it } from '@jest/globals';
import { freePort } from '../ports.ts';
import { DnsProblem, queryTxt } from './txt-query.ts';
import { startTxtServer, type TxtServer } from './txt-server.ts';

const NAME = '_acme-challenge.example.net';

async function withServer(test: (server: TxtServer) => Promise<void>): Promise<void> {
  const server = await startTxtServer();
  try {
    await test(server);
  } finally {
    await server.stop();
  }
}

describe('queryTxt', () => {
  it('returns every value and joins character strings', () =>
    withServer(async (server) => {
      server.records.set(NAME, [['one'], ['t', 'w', 'o']]);
      expect(await queryTxt(server, NAME)).toEqual(['one', 'two']);
    }));

  it('asks each time anew', () =>
    withServer(async (server) => {
      server.records.set(NAME, [['old']]);
      await queryTxt(server, NAME);
      server.records.set(NAME, [['new']]);
      expect(await queryTxt(server, NAME)).toEqual(['new']);
    }));

  it('asks over TCP when the answer is truncated', () =>
    withServer(async (server) => {
      server.mode = 'truncate';
      server.records.set(NAME, [['x'.repeat(200)], ['y'.repeat(200)], ['z'.repeat(200)]]);
      expect(await queryTxt(server, NAME)).toHaveLength(3);
      expect(server.asked).toEqual([`udp ${NAME}`, `tcp ${NAME}`]);
    }));

  it('follows aliases', () =>
    withServer(async (server) => {
      server.aliases.set(NAME, 'a.validation.test');
      server.aliases.set('a.validation.test', 'b.validation.test');
      server.records.set('b.validation.test', [['value']]);
      expect(await queryTxt(server, NAME)).toEqual(['value']);
    }));

  it('gives up on aliases that go in a circle', () =>
    withServer(async (server) => {
      server.aliases.set(NAME, 'a.validation.test');
      server.aliases.set('a.validation.test', NAME);
      await expect(queryTxt(server, NAME)).rejects.toThrow(`DNS problem: SERVFAIL looking up TXT for ${NAME}`);
    }));

  it('returns nothing for a name without TXT records', () =>
    withServer(async (server) => {
      server.records.set(NAME, []);
      expect(await queryTxt(server, NAME)).toEqual([]);
    }));

  it('names the asked record when the target of its alias does not exist', () =>
    withServer(async (server) => {
      server.aliases.set(NAME, 'gone.validation.test');
      await expect(queryTxt(server, NAME)).rejects.toThrow(`DNS problem: NXDOMAIN looking up TXT for ${NAME} - check`);
    }));

  it('asks twice and then gives up when nobody answers', () =>
    withServer(async (server) => {
      server.mode = 'silent';
      await expect(queryTxt(server, NAME)).rejects.toThrow(`DNS problem: query timed out looking up TXT for ${NAME}`);
      expect(server.asked).toHaveLength(2);
    }));

  it('reports a closed port as a networking error', async () => {
    const query = queryTxt({ host: '127.0.0.1', port: await freePort() }, NAME);
    await expect(query).rejects.toThrow(`DNS problem: networking error looking up TXT for ${NAME}`);
    await expect(query).rejects.toBeInstanceOf(DnsProblem);
  });
});
