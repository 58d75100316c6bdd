import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FOLDER, isThere, runProgram } from '../../interop/second-opinion.ts';
import { EMAIL, type Peer } from './peer.ts';

const MODULE = 'github.com/go-acme/lego/v5';
const VERSION = 'v5.6.0';

/** lego's own way to leave out the other 200 DNS services, whose modules are most of what it needs. */
const TAGS = 'lego_dnslight,lego_dns_route53';

/** What formats its log lines: not every proxy has the release that lego v5.6.0 names. */
const LOG_FORMAT = 'gitlab.com/greyxor/slogor';
const GO_MOD = `module build

go 1.26

require ${MODULE} ${VERSION}

replace ${LOG_FORMAT} => ${LOG_FORMAT} v1.7.0
`;

/** Builds lego with Go. Throws when it can't be had. */
export async function installLego(say: (text: string) => void): Promise<Peer> {
  const program = resolve(FOLDER, `lego-${VERSION}`);
  if (!existsSync(program)) await build(program, say);
  const command: Peer['command'] = ({ domainNames, world }) => [
    program,
    'run',
    '--server',
    world.directoryUrl,
    '--email',
    EMAIL,
    '--accept-tos',
    '--path',
    join(world.folder, 'lego'),
    '--dns',
    'route53',
    '--dns.resolvers',
    world.resolver,
    '--dns.propagation.disable-ans',
    ...domainNames.flatMap((name) => ['--domains', name]),
  ];
  return {
    name: 'lego',
    version: VERSION,
    settings:
      "defaults: waits for INSYNC after each change, asked for every 4 s, of the clean-up too; then looks the value up at a resolver, which is the sandbox's name server, because it can't be told another port for authoritative ones",
    command,
    renewal: (order) => [...command(order), '--renew-force', '--no-random-sleep'],
    environment: ({ caBundleFile }) => ({ LEGO_CA_CERTIFICATES: caBundleFile }),
  };
}

/** In a module of its own, because `go install` wants the list of versions, which not every proxy has. */
async function build(program: string, say: (text: string) => void): Promise<void> {
  if (!(await isThere('go', ['version']))) throw new Error('lego: there is no Go to build it with.');
  say(`Building lego ${VERSION} with Go; that takes minutes.`);
  const scratch = resolve(FOLDER, 'lego-build');
  mkdirSync(scratch, { recursive: true });
  try {
    writeFileSync(join(scratch, 'go.mod'), GO_MOD);
    const built = join(scratch, 'lego');
    await runProgram('go', ['-C', scratch, 'build', '-mod=mod', '-tags', TAGS, '-o', built, MODULE], {
      GOPATH: join(scratch, 'path'),
      GOCACHE: join(scratch, 'cache'),
      // Go writes its modules so that nothing can delete them.
      GOFLAGS: `${process.env['GOFLAGS'] ?? ''} -modcacherw`.trim(),
    });
    // In one step, so that an interrupted build is none.
    renameSync(built, program);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
