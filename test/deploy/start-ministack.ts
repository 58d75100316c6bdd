import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { startServerProcess } from '../interop/server-process.ts';
import { createHttpsIdentity } from '../sandbox/ca/https-root.ts';
import { freePort } from '../sandbox/ports.ts';

/** An AWS that a program is pointed at by its environment. */
export interface Ministack {
  readonly url: string;
  /** What a program needs to find and to trust it. */
  readonly environment: Readonly<Record<string, string>>;
  /** The end of what it has printed. */
  output(): string;
  stop(): Promise<void>;
}

/**
 * Starts MiniStack (https://github.com/ministackorg/ministack) over HTTPS, so that custom resources answer an https URL
 * as on AWS, and with its check of signatures and policies. From then on this process trusts it, too.
 */
export async function startMinistack(options: {
  readonly region: string;
  /** Further variables of the functions, and of whoever else uses it. */
  readonly environment: Readonly<Record<string, string>>;
}): Promise<Ministack> {
  const { region } = options;
  const folder = mkdtempSync(join(tmpdir(), 'evercert-ministack-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const https = await createHttpsIdentity();
  const root = file('root.pem', https.root);
  const [certificate, key] = [file('certificate.pem', https.certificate), file('key.pem', https.key)];
  const port = await freePort();
  const url = `https://127.0.0.1:${port}`;
  const environment = {
    ...options.environment,
    AWS_ENDPOINT_URL: url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_EC2_METADATA_DISABLED: 'true',
    NODE_EXTRA_CA_CERTS: root,
    AWS_CA_BUNDLE: root,
    // Functions run on the first `node`: the Lambda runtime's version, whatever this machine has.
    PATH: [join(import.meta.dirname, '../../node_modules/.bin'), process.env['PATH']].join(delimiter),
  };
  const restoreTrust = trust(https.root);
  const python = process.env['DEPLOY_MINISTACK_PYTHON'] ?? 'python3';
  const tls = ['--certfile', certificate, '--keyfile', key];
  const server = await startServerProcess(
    // Its own command would also take port 443.
    [python, '-m', 'hypercorn', 'ministack.app:app', '--workers', '0', '--bind', `127.0.0.1:${port}`, ...tls],
    {
      environment: {
        ...withoutOurs(),
        ...environment,
        AUTH: 'true',
        GATEWAY_PORT: String(port),
        LOG_LEVEL: 'INFO',
        MINISTACK_REGION: region,
        MINISTACK_SSL_CERT: certificate,
        MINISTACK_SSL_KEY: key,
        // The functions' code is unpacked there.
        TMPDIR: folder,
        USE_SSL: '1',
      },
      isReady: async () => fetch(`${url}/_ministack/health`),
    },
  );
  return {
    url,
    environment,
    output: server.output,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
      restoreTrust();
    },
  };
}

/**
 * Functions inherit MiniStack's environment. Variables of this process that mean something to them are taken away: a
 * function that doesn't know one of ours refuses to start, and nobody answers CloudFormation.
 */
function withoutOurs(): Record<string, undefined> {
  const ours = Object.keys(process.env).filter((name) => /^(AWS_|EVERCERT_|JEST_|NODE_|npm_)/.test(name));
  return Object.fromEntries(ours.map((name) => [name, undefined]));
}

function trust(root: string): () => void {
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, root]);
  return () => setDefaultCACertificates(before);
}
