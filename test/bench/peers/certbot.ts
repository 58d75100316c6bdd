import { dirname, join } from 'node:path';
import { installWithPip } from '../../interop/install-with-pip.ts';
import { EMAIL, type Peer, type PeerWorld } from './peer.ts';

const PYTHON = 'PEERS_CERTBOT_PYTHON';

/** Installs certbot with its Route 53 plugin from PyPI. Throws when it can't be had. */
export async function installCertbot(say: (text: string) => void): Promise<Peer> {
  const { version, missing, environment } = await installWithPip(
    {
      name: 'certbot',
      packageName: 'certbot',
      requirements: 'test/bench/peers/requirements.txt',
      variable: PYTHON,
    },
    say,
  );
  if (missing !== undefined) throw new Error(`certbot: ${missing}`);
  const program = join(dirname(environment[PYTHON] ?? ''), 'certbot');
  const foldersOf = ({ folder }: PeerWorld) =>
    ['config', 'work', 'logs'].flatMap((kind) => [`--${kind}-dir`, join(folder, kind)]);
  return {
    name: 'certbot',
    version: `${version} with certbot-dns-route53`,
    settings: 'defaults: the plugin waits for INSYNC, asked for every 5 s, and looks at no name server',
    command: ({ domainNames, world }) => [
      program,
      'certonly',
      '--non-interactive',
      '--agree-tos',
      '--email',
      EMAIL,
      '--server',
      world.directoryUrl,
      '--dns-route53',
      ...foldersOf(world),
      ...domainNames.flatMap((name) => ['-d', name]),
    ],
    renewal: ({ domainNames: [name = ''], world }) => [
      program,
      'renew',
      '--non-interactive',
      '--cert-name',
      name,
      '--force-renewal',
      '--no-random-sleep-on-renew',
      ...foldersOf(world),
    ],
    environment: ({ caBundleFile }) => ({ REQUESTS_CA_BUNDLE: caBundleFile }),
  };
}
