/**
 * evercert beside certbot and lego, the real programs, for the same certificates: real time against the sandbox's CA, Route 53
 * and name server, each in a world of its own that is set up alike.
 * `npm run bench:peers [-- --counts 1,10,50] [-- --propagation 30] [-- --programs evercert,certbot,lego]
 * [-- --rounds "first issuance,renewal"] [-- --json]`.
 *
 * Everything counts, from no account on. evercert runs first, alone; the peers, which mostly sleep, run side by side. Fifty
 * certificates with 30 s of propagation take lego almost two hours.
 */
import { parseArgs } from 'node:util';
import { installCertbot } from './peers/certbot.ts';
import { evercert } from './peers/evercert.ts';
import type { Figures } from './peers/figures.ts';
import { installLego } from './peers/lego.ts';
import { oneAfterAnother } from './peers/one-after-another.ts';
import type { Peer } from './peers/peer.ts';
import { createTask, REQUEST_LATENCY, type Round } from './peers/task.ts';

const { values } = parseArgs({
  options: {
    counts: { type: 'string', default: '1,10,50' },
    propagation: { type: 'string', default: '30' },
    programs: { type: 'string', default: 'evercert,certbot,lego' },
    rounds: { type: 'string', default: 'first issuance' },
    execution: { type: 'string', default: 'durable' },
    json: { type: 'boolean', default: false },
  },
});
const counts = values.counts.split(',').map(wholeNumber);
const propagationSeconds = wholeNumber(values.propagation);
const programs = values.programs.split(',');
const rounds = values.rounds.split(',').map(roundOf);
const execution = values.execution === 'direct' ? 'direct' : 'durable';
const say = (text: string) => process.stderr.write(`${text}\n`);

const installers = { certbot: installCertbot, lego: installLego };
const peers: Peer[] = [];
for (const [name, install] of Object.entries(installers)) if (programs.includes(name)) peers.push(await install(say));

const figures: Figures[] = [];
for (const count of counts) {
  const task = createTask(count, propagationSeconds * 1_000, rounds);
  const note = (measured: Figures) => {
    say(`${measured.name}, ${count}, ${measured.round}: ${measured.seconds.toFixed(1)} s`);
    figures.push(measured);
  };
  if (programs.includes('evercert')) await evercert(task, execution, note);
  await Promise.all(peers.map((peer) => oneAfterAnother(peer, task, note)));
}

const versions = Object.fromEntries(peers.map(({ name, version, settings }) => [name, { version, settings }]));
if (values.json) console.log(JSON.stringify({ propagationSeconds, execution, versions, figures }));
else print();

function print(): void {
  console.log(
    `Apex and wildcard in 10 zones, ${propagationSeconds} s propagation, ${REQUEST_LATENCY} ms per CA request.`,
  );
  console.log(`evercert: ${execution}, started by one scan.`);
  for (const { name, version, settings } of peers) console.log(`${name} ${version}: ${settings}.`);
  console.table(
    figures.map((each) => {
      const own = figures.find(
        ({ name, certificates, round }) =>
          name === 'evercert' && certificates === each.certificates && round === each.round,
      );
      const times = (value: (of: Figures) => number) => (own ? `${(value(each) / value(own)).toFixed(1)} x` : '');
      return {
        certificates: each.certificates,
        round: each.round,
        program: each.name,
        seconds: each.seconds.toFixed(1),
        'commands repeated': each.repeated,
        'Route 53 calls': each.route53Calls,
        'CA requests': each.caRequests,
        'of evercert: seconds': times(({ seconds }) => seconds),
        'Route 53': times(({ route53Calls }) => route53Calls),
        CA: times(({ caRequests }) => caRequests),
      };
    }),
  );
  for (const each of figures)
    console.log(`${each.name}, ${each.certificates}, ${each.round}: ${JSON.stringify(each.calls)}`);
}

function roundOf(text: string): Round {
  if (text === 'first issuance' || text === 'renewal') return text;
  throw new Error(`${text} is no round: "first issuance", "renewal".`);
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Error(`${text} is no whole number above zero.`);
}
