import { DAY, HOUR, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import type { Fault, FaultError } from '../sandbox/faults.ts';
import type { Random } from './random.ts';
import type { Issuance, PlannedFault } from './scenario.ts';

const ACME = 'directory newNonce newAccount newOrder order authorization challenge finalize certificate renewalInfo'
  .split(' ')
  .map((name) => `acme:${name}`);
const SECRETS = 'DescribeSecret GetSecretValue PutSecretValue UpdateSecretVersionStage TagResource ListSecrets'
  .split(' ')
  .map((name) => `secretsmanager:${name}`);
const ROUTE53 = 'ListHostedZonesByName GetHostedZone ChangeResourceRecordSets GetChange ListResourceRecordSets'
  .split(' ')
  .map((name) => `route53:${name}`);
const ACM = ['acm:ImportCertificate', 'acm:DescribeCertificate', 'acm:ListCertificates'];
const LAMBDA = ['lambda:Invoke', 'lambda:CheckpointDurableExecution', 'lambda:GetDurableExecutionState'];
const AWS = [...SECRETS, ...ROUTE53, ...ACM, ...LAMBDA];
const ANY = [...AWS, ...ACME];

const THROTTLED: Readonly<Record<string, FaultError>> = {
  secretsmanager: { status: 400, name: 'ThrottlingException', message: 'Rate exceeded' },
  route53: { status: 400, name: 'Throttling', message: 'Rate exceeded' },
  acm: { status: 400, name: 'ThrottlingException', message: 'Rate exceeded' },
  lambda: { status: 429, name: 'TooManyRequestsException', message: 'Rate Exceeded.' },
};
const UNAVAILABLE: FaultError = { status: 503, name: 'ServiceUnavailableException', message: 'Service Unavailable' };
const INTERNAL: FaultError = { status: 500, name: 'InternalServiceError', message: 'An internal error occurred.' };

/** RFC 8555, section 6.7, RFC 9773 and Boulder: type and status. */
const PROBLEMS = {
  alreadyReplaced: 409,
  badCSR: 400,
  badNonce: 400,
  badPublicKey: 400,
  badSignatureAlgorithm: 400,
  caa: 403,
  conflict: 409,
  connection: 400,
  dns: 400,
  incorrectResponse: 403,
  malformed: 400,
  orderNotReady: 403,
  rateLimited: 429,
  rejectedIdentifier: 400,
  serverInternal: 500,
  tls: 400,
  unauthorized: 403,
  unsupportedIdentifier: 400,
  userActionRequired: 403,
} as const;

/** What breaks a request, and for how long it keeps on breaking them. */
type Drawn = Pick<PlannedFault, 'kind'> & { readonly lasts: number } & (
    | { readonly hits: 'requests'; readonly fault: Fault; readonly every?: number; readonly issuance?: Issuance }
    | Omit<Extract<PlannedFault, { hits: 'dns' }>, 'kind' | 'from' | 'until'>
    | Omit<Extract<PlannedFault, { hits: 'propagation' }>, 'kind' | 'from' | 'until'>
  );

/** How long a fault of one request waits for its request to come. */
const PATIENCE = 7 * DAY;

const once = (operation: string, fault: Omit<Fault, 'operation'>, random: Random) => ({
  hits: 'requests' as const,
  lasts: PATIENCE,
  fault: { operation, times: 1, skip: random.pick([0, 0, 0, 1, 2, 5]), ...fault },
});

/** Every kind of fault, with how often it is drawn. `outage` is how long an outage lasts at most. */
const KINDS = {
  'killed before': [4, (random: Random) => once(random.pick(ANY), { kill: true }, random)],
  'killed after': [4, (random: Random) => once(random.pick(ANY), { kill: true, phase: 'after' }, random)],
  'answer lost': [4, (random: Random) => once(random.pick(ANY), { drop: true, phase: 'after' }, random)],
  'connection broken': [1, (random: Random) => once(random.pick(ANY), { drop: true }, random)],
  'delivered twice': [2, (random: Random) => once(random.pick(ANY), { repeat: true }, random)],
  'timed out': [2, (random: Random) => once(random.pick(ANY), { delay: random.between(14, 20) * MINUTE }, random)],
  'slow answer': [1, (random: Random) => once(random.pick(ANY), { delay: random.between(5, 600) * SECOND }, random)],
  'AWS error': [2, (random: Random) => once(random.pick(AWS), { error: random.pick([UNAVAILABLE, INTERNAL]) }, random)],
  'CA error': [
    5,
    (random: Random) => once(random.pick(ACME), { error: problem(random), times: random.between(1, 3) }, random),
  ],
  'CA answers HTML': [
    1,
    (random: Random) =>
      once(
        random.pick(ACME),
        {
          error: { status: 502, name: '', message: '<h1>Bad Gateway</h1>', headers: { 'content-type': 'text/html' } },
        },
        random,
      ),
  ],
  'order fails': [
    2,
    (random: Random) => ({
      hits: 'requests',
      lasts: random.between(5, 240) * MINUTE,
      fault: { operation: 'acme:finalize' },
      issuance: { failsWith: random.pick(['caa', 'rejectedIdentifier', 'serverInternal'] as const) },
    }),
  ],
  'wrong certificate': [
    2,
    (random: Random) => ({
      hits: 'requests',
      lasts: PATIENCE,
      fault: { operation: 'acme:certificate', times: 1 },
      issuance: { has: random.pick(['other names', 'ended'] as const) },
    }),
  ],
  'throttling storm': [
    3,
    (random: Random) => {
      const service = random.pick(Object.keys(THROTTLED));
      const error = THROTTLED[service] ?? UNAVAILABLE;
      const every = random.between(1, 3);
      return {
        hits: 'requests',
        lasts: random.between(5, 120) * MINUTE,
        fault: { operation: `${service}:*`, error },
        every,
      };
    },
  ],
  'AWS outage': [
    3,
    (random: Random, outage: number) => {
      const service = random.pick(['secretsmanager', 'secretsmanager', 'route53', 'acm', 'lambda']);
      const broken = random.pick([{ error: UNAVAILABLE }, { error: INTERNAL }, { drop: true as const }]);
      return { hits: 'requests', lasts: lasts(random, outage), fault: { operation: `${service}:*`, ...broken } };
    },
  ],
  'CA outage': [
    3,
    (random: Random, outage: number) => {
      const error = {
        status: 503,
        name: 'serverInternal',
        message: 'The service is down for maintenance or overloaded.',
      };
      const broken = random.pick([{ error }, { drop: true as const }]);
      return { hits: 'requests', lasts: lasts(random, outage), fault: { operation: 'acme:*', ...broken } };
    },
  ],
  'CA rate limit': [
    2,
    (random: Random, outage: number) => {
      const retryAfter = random.between(1, 4) * HOUR;
      const fault: Fault = { operation: 'acme:newOrder', error: rateLimited(retryAfter) };
      return { hits: 'requests', lasts: Math.min(lasts(random, outage), 12 * HOUR), fault };
    },
  ],
  'DNS servers fail': [
    2,
    (random: Random, outage: number) => ({
      hits: 'dns',
      lasts: lasts(random, outage),
      behaviour: random.pick(['refuse', 'servfail'] as const),
    }),
  ],
  'DNS servers lie': [
    1,
    (random: Random, outage: number) => ({ hits: 'dns', lasts: lasts(random, outage), behaviour: 'forge' }),
  ],
  'slow propagation': [
    3,
    (random: Random, outage: number) => ({
      hits: 'propagation',
      lasts: lasts(random, outage),
      propagation: random.between(1, 15) * MINUTE,
      lag: random.pick([0, 0, 2 * MINUTE, 10 * MINUTE]),
    }),
  ],
} as const satisfies Record<string, readonly [number, (random: Random, outage: number) => Omit<Drawn, 'kind'>]>;

type FaultKind = keyof typeof KINDS;

export const FAULT_KINDS = Object.keys(KINDS) as readonly FaultKind[];

const WEIGHTED = FAULT_KINDS.flatMap((kind) => Array.from({ length: KINDS[kind][0] }, () => kind));

export function drawFault(random: Random, from: number, outage: number): PlannedFault {
  const kind = random.pick(WEIGHTED);
  const { lasts: duration, ...drawn } = KINDS[kind][1](random, outage) as Drawn;
  const every = drawn.hits === 'requests' ? { every: drawn.every ?? 1 } : {};
  return { ...drawn, ...every, kind, from, until: from + duration } as PlannedFault;
}

/** Most are short; one in eight uses all that is allowed. */
function lasts(random: Random, outage: number): number {
  return random.chance(1 / 8) ? outage : Math.min(outage, random.between(10, 8 * 60) * MINUTE);
}

function problem(random: Random): FaultError {
  const name = random.pick(Object.keys(PROBLEMS) as (keyof typeof PROBLEMS)[]);
  if (name === 'rateLimited') return rateLimited(random.between(1, 6) * HOUR);
  return { status: PROBLEMS[name], name, message: `the simulation wants ${name}` };
}

function rateLimited(retryAfter: number): FaultError {
  const headers = { 'Retry-After': String(retryAfter / SECOND) };
  return { status: 429, name: 'rateLimited', message: 'too many new orders recently', headers };
}
