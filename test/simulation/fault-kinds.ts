import { DAY, HOUR, MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import type { Fault, FaultError } from '../sandbox/faults.ts';
import type { Random } from './random.ts';
import type { Issuance, PlannedFault, Scenario } from './scenario.ts';

const ACME = 'directory newNonce newOrder order authorization challenge finalize certificate renewalInfo'
  .split(' ')
  .map((name) => `acme:${name}`);
const SECRETS = 'DescribeSecret GetSecretValue PutSecretValue UpdateSecretVersionStage TagResource ListSecrets'
  .split(' ')
  .map((name) => `secretsmanager:${name}`);
const ROUTE53 = 'ListHostedZones GetHostedZone ChangeResourceRecordSets GetChange ListResourceRecordSets'
  .split(' ')
  .map((name) => `route53:${name}`);
const ACM = ['acm:ImportCertificate', 'acm:DescribeCertificate'];
/** What a durable execution asks for is a third of all that it asks for. */
const DURABLE = Array.from({ length: 6 }, () => 'lambda:CheckpointDurableExecution');
const PAGED = Array.from({ length: 6 }, () => 'lambda:GetDurableExecutionState');

/** Called once or twice in a seed, at a moment that nobody knows before: a fault waits for them from the beginning on. */
const RARE: readonly string[] = [
  'route53:ListHostedZones',
  'route53:GetHostedZone',
  'route53:ListResourceRecordSets',
  'acm:ListCertificates',
  'acme:newAccount',
];

/** What faults of a scenario can be about. */
export interface FaultScope {
  /** What it asks of AWS, and of its CA: what it never asks for would be drawn for nothing. */
  readonly aws: readonly string[];
  readonly acme: readonly string[];
  /** How long an outage lasts at most. */
  readonly outage: number;
}

/** The operations that a scenario calls, each as often as it is to be drawn. */
export function operationsOf({
  execution,
  initialOperations,
  fleet,
  actions,
}: Pick<Scenario, 'execution' | 'initialOperations' | 'fleet' | 'actions'>): Pick<FaultScope, 'aws' | 'acme'> {
  const isDurable = execution === 'durable';
  const isPaged = isDurable && initialOperations !== undefined;
  const imported = fleet.filter(({ spec: { acm = [] } }) => acm.length > 0);
  // A first import looks for one that is there; what stacks register has had it before anything can fail.
  const looksForImports = imported.some(({ owner }) => owner === 'hand');
  // Accounts are there before anything can fail: one is looked up again only when it is lost or gets another key.
  const looksUp = actions.some(({ does }) => does === 'CA forgets accounts' || does === 'roll key over');
  return {
    aws: [
      ...SECRETS,
      ...ROUTE53,
      ...(imported.length > 0 ? ACM : []),
      ...(looksForImports ? ['acm:ListCertificates'] : []),
      'lambda:Invoke',
      ...(isDurable ? DURABLE : []),
      ...(isPaged ? PAGED : []),
    ],
    acme: [...ACME, ...(looksUp ? ['acme:newAccount'] : [])],
  };
}

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

/** How long a fault of one request waits for its request to come, and for a rare one: any seed is shorter. */
const PATIENCE = 7 * DAY;
const LONG_PATIENCE = 365 * DAY;

const once = (operation: string, fault: Omit<Fault, 'operation'>, random: Random) => ({
  hits: 'requests' as const,
  lasts: isRare(operation) ? LONG_PATIENCE : PATIENCE,
  fault: { operation, times: 1, skip: isRare(operation) ? 0 : random.pick([0, 0, 0, 1, 2, 5]), ...fault },
});

/** AWS refuses what was signed longer ago: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html */
const SIGNATURE_LASTS = 5 * MINUTE;
const EXPIRED: FaultError = { status: 400, name: 'InvalidSignatureException', message: 'Signature expired' };

/**
 * Held up on its way. An import is the only write without a condition that a newer one can't be told from, and so it is refused
 * when AWS would do so; the others are let through, which is harder.
 */
const late = (operation: string, delay: number, random: Random) =>
  once(
    operation,
    operation === 'acm:ImportCertificate' && delay > SIGNATURE_LASTS ? { delay, error: EXPIRED } : { delay },
    random,
  );

function isRare(operation: string): boolean {
  return RARE.includes(operation);
}

/** Every kind of fault, with how often it is drawn. */
const KINDS = {
  'killed before': [
    4,
    (random: Random, { aws, acme }: FaultScope) => once(random.pick([...aws, ...acme]), { kill: true }, random),
  ],
  'killed after': [
    4,
    (random: Random, { aws, acme }: FaultScope) =>
      once(random.pick([...aws, ...acme]), { kill: true, phase: 'after' }, random),
  ],
  'answer lost': [
    4,
    (random: Random, { aws, acme }: FaultScope) =>
      once(random.pick([...aws, ...acme]), { drop: true, phase: 'after' }, random),
  ],
  'connection broken': [
    1,
    (random: Random, { aws, acme }: FaultScope) => once(random.pick([...aws, ...acme]), { drop: true }, random),
  ],
  'delivered twice': [
    2,
    (random: Random, { aws, acme }: FaultScope) => once(random.pick([...aws, ...acme]), { repeat: true }, random),
  ],
  'timed out': [
    2,
    (random: Random, { aws, acme }: FaultScope) =>
      late(random.pick([...aws, ...acme]), random.between(14, 20) * MINUTE, random),
  ],
  'slow answer': [
    1,
    (random: Random, { aws, acme }: FaultScope) =>
      late(random.pick([...aws, ...acme]), random.between(5, 600) * SECOND, random),
  ],
  'AWS error': [
    2,
    (random: Random, { aws }: FaultScope) =>
      once(random.pick(aws), { error: random.pick([UNAVAILABLE, INTERNAL]) }, random),
  ],
  'CA error': [
    5,
    (random: Random, { acme }: FaultScope) =>
      once(random.pick(acme), { error: problem(random), times: random.between(1, 3) }, random),
  ],
  'CA answers HTML': [
    1,
    (random: Random, { acme }: FaultScope) =>
      once(
        random.pick(acme),
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
    (random: Random, { outage }: FaultScope) => {
      const service = random.pick(['secretsmanager', 'secretsmanager', 'route53', 'acm', 'lambda']);
      const broken = random.pick([{ error: UNAVAILABLE }, { error: INTERNAL }, { drop: true as const }]);
      return { hits: 'requests', lasts: lasts(random, outage), fault: { operation: `${service}:*`, ...broken } };
    },
  ],
  'CA outage': [
    3,
    (random: Random, { outage }: FaultScope) => {
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
    (random: Random, { outage }: FaultScope) => {
      const retryAfter = random.between(1, 4) * HOUR;
      const fault: Fault = { operation: 'acme:newOrder', error: rateLimited(retryAfter) };
      return { hits: 'requests', lasts: Math.min(lasts(random, outage), 12 * HOUR), fault };
    },
  ],
  'DNS servers fail': [
    2,
    (random: Random, { outage }: FaultScope) => ({
      hits: 'dns',
      lasts: lasts(random, outage),
      behaviour: random.pick(['refuse', 'servfail'] as const),
    }),
  ],
  'DNS servers lie': [
    1,
    (random: Random, { outage }: FaultScope) => ({ hits: 'dns', lasts: lasts(random, outage), behaviour: 'forge' }),
  ],
  'slow propagation': [
    3,
    (random: Random, { outage }: FaultScope) => ({
      hits: 'propagation',
      lasts: lasts(random, outage),
      propagation: random.between(1, 15) * MINUTE,
      lag: random.pick([0, 0, 2 * MINUTE, 10 * MINUTE]),
    }),
  ],
} as const satisfies Record<string, readonly [number, (random: Random, scope: FaultScope) => Omit<Drawn, 'kind'>]>;

type FaultKind = keyof typeof KINDS;

export const FAULT_KINDS = Object.keys(KINDS) as readonly FaultKind[];

const WEIGHTED = FAULT_KINDS.flatMap((kind) => Array.from({ length: KINDS[kind][0] }, () => kind));

/** A fault that begins at a moment, unless it is about a rare operation. */
export function drawFault(random: Random, moment: number, scope: FaultScope): PlannedFault {
  const kind = random.pick(WEIGHTED);
  const { lasts: duration, ...drawn } = KINDS[kind][1](random, scope) as Drawn;
  const every = drawn.hits === 'requests' ? { every: drawn.every ?? 1 } : {};
  const from = drawn.hits === 'requests' && isRare(drawn.fault.operation) ? 0 : moment;
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
