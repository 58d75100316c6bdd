import { freePort } from '../sandbox/ports.ts';
import { startEmulatorDns } from './emulator-dns.ts';
import type { InteropAws } from './interop-aws.ts';
import { startServerProcess } from './server-process.ts';

/** Starts moto's server (https://docs.getmoto.org/en/latest/docs/server_mode.html). */
export async function startMoto(): Promise<InteropAws> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const python = process.env['INTEROP_MOTO_PYTHON'] ?? 'python3';
  const moto = await startServerProcess([python, '-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    isReady: async () => fetch(`${url}/moto-api/data.json`),
  });
  const dns = startEmulatorDns(url);
  return {
    url,
    dns,
    bugs: () => dns.problems,
    stop: async () => {
      await dns.stop();
      await moto.stop();
    },
  };
}
