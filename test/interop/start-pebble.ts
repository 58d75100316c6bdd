import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpsIdentity } from '../sandbox/ca/https-root.ts';
import { freePort } from '../sandbox/ports.ts';
import type { InteropCa } from './interop-ca.ts';
import { startServerProcess } from './server-process.ts';

const DAY_SECONDS = 86_400;

export interface PebbleOptions {
  /** Where on 127.0.0.1 it asks for TXT records. */
  readonly dnsPort: number;
  /** Percent of valid authorizations that serve another order. */
  readonly authorizationReuse: number;
  readonly refusedName: string;
  /** Whether an account needs an external account binding. */
  readonly binds?: boolean;
}

/** Pebble takes the key as base64url; people get it from CAs in any encoding. */
const MAC_KEY = Buffer.alloc(32, 0xfb);
const BINDING = { kid: 'kid-1', hmacKey: MAC_KEY.toString('base64') };

/**
 * Starts Pebble (https://github.com/letsencrypt/pebble) as it is least pleasant: half of the good nonces are refused,
 * chains have two intermediates, and an order without a profile gets any of them.
 */
export async function startPebble(options: PebbleOptions): Promise<InteropCa> {
  const folder = mkdtempSync(join(tmpdir(), 'evercert-pebble-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const [acmePort, managementPort] = [await freePort(), await freePort()];
  const https = await createHttpsIdentity();
  const config = file(
    'pebble.json',
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${acmePort}`,
        managementListenAddress: `127.0.0.1:${managementPort}`,
        certificate: file('certificate.pem', https.certificate),
        privateKey: file('key.pem', https.key),
        httpPort: 5002,
        tlsPort: 5001,
        domainBlocklist: [options.refusedName],
        retryAfter: { authz: 3, order: 5 },
        keyAlgorithm: 'ecdsa',
        externalAccountBindingRequired: options.binds ?? false,
        externalAccountMACKeys: { [BINDING.kid]: MAC_KEY.toString('base64url') },
        profiles: {
          default: { description: 'ninety days', validityPeriod: 90 * DAY_SECONDS },
          shortlived: { description: 'six days', validityPeriod: 6 * DAY_SECONDS },
        },
      },
    }),
  );
  const ask = (port: number, path: string, body?: string) => send(`https://localhost:${port}${path}`, https.root, body);
  const pebble = await startServerProcess(
    [process.env['INTEROP_PEBBLE'] ?? 'pebble', '-config', config, '-dnsserver', `127.0.0.1:${options.dnsPort}`],
    {
      environment: {
        PEBBLE_VA_NOSLEEP: '1',
        PEBBLE_WFE_NONCEREJECT: '50',
        PEBBLE_AUTHZREUSE: String(options.authorizationReuse),
        PEBBLE_ALTERNATE_ROOTS: '1',
        PEBBLE_CHAIN_LENGTH: '2',
      },
      isReady: () => Promise.all([ask(acmePort, '/dir'), ask(managementPort, '/roots/0')]),
    },
  );
  return {
    directoryUrl: `https://localhost:${acmePort}/dir`,
    httpsRoot: https.root,
    roots: [await ask(managementPort, '/roots/0'), await ask(managementPort, '/roots/1')],
    ...(options.binds ? { binding: BINDING } : {}),
    isRevoked: async (certificate) => {
      const serial = new X509Certificate(certificate).serialNumber.toLowerCase();
      return (await ask(managementPort, `/cert-status-by-serial/${serial}`)).includes('"Revoked"');
    },
    setRenewalWindow: async (certificate, window) => {
      const suggestedWindow = { start: window.start.toISOString(), end: window.end.toISOString() };
      const body = { Certificate: certificate, ARIResponse: JSON.stringify({ suggestedWindow }) };
      await ask(managementPort, '/set-renewal-info/', JSON.stringify(body));
    },
    stop: async () => {
      await pebble.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** GET, or POST with a body. Throws for every status but 200. */
function send(url: string, ca: string, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // Pebble refuses requests without a User-Agent (RFC 8555, section 6.1).
    const headers = { 'User-Agent': 'evercert-interop' };
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request(url, { ca, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (more) => (text += more));
      response.on('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${url} answered ${response.statusCode}: ${text}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
