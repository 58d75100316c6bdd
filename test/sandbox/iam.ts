import type { RunSimulationResults, Simulation } from '@cloud-copilot/iam-simulate';
import { ACCOUNT } from './aws-account.ts';
import { type Authorizer, type AwsRequest, type AwsService, AwsServiceError } from './aws-service.ts';
import { allowances, conditionKeys, dnsRoleName, type IamRole } from './iam-roles.ts';
import { nativeRequire } from './native-require.ts';

/** What IAM is asked for a request: https://docs.aws.amazon.com/service-authorization/latest/reference/ */
export interface Access {
  readonly action: string;
  /** An ARN, or `*` for an action that takes none. An asterisk in an ARN is that character. */
  readonly resource: string;
  /** The condition keys that the request has. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
  /** The policy of the resource, where it has one. */
  readonly resourcePolicy?: unknown;
  /** `false` for an ARN that nothing has. */
  readonly exists?: boolean;
}

/** What a service asks IAM for a request; throws `AwsServiceError` for one that the service itself refuses to read. */
export type AccessOf = (operation: string, request: AwsRequest) => readonly Access[];

export interface Denial {
  readonly role: string;
  readonly action: string;
  readonly resource: string;
  readonly context: Access['context'];
  /** Whether something has the ARN, where that is known. */
  readonly exists: Access['exists'];
}

/** A denial that evercert provokes on purpose and copes with. */
export interface ExpectedDenial {
  readonly reason: string;
  isExpected(denial: Denial): boolean;
}

/** Decides about requests by the policies of a template's roles. */
export interface Iam extends Authorizer {
  /** Whether a role has a right. Remembers what allowed it, and what nothing allows. */
  allows(role: string, access: Access): Promise<boolean>;
  /** Whether a role's trust policy lets a service of AWS assume it, for what the condition keys say. */
  mayAssume(service: string, role: string, context?: Access['context']): Promise<boolean>;
  /** Every denial, in order. */
  readonly denials: readonly Denial[];
  /** Denials that neither evercert copes with by design nor this test has announced: each is a missing grant. */
  unexpectedDenials(): readonly Denial[];
  /** Announces that a test provokes denials of an action. */
  expectDenials(action: string): void;
  /** Each allowance that was the only one to allow a request, as `allowances` writes it. */
  readonly used: ReadonlySet<string>;
}

export interface IamOptions {
  /** By their physical names: in whose name runs of the clock send requests. */
  readonly roles: Readonly<Record<string, IamRole>>;
  /** By service, as `AwsService` names it. */
  readonly access: Readonly<Record<string, AccessOf>>;
  readonly expected: readonly ExpectedDenial[];
  /** The account whose credentials a request is signed with; throws `AwsServiceError` for those that have ended. */
  accountOf(accessKeyId: string): string;
}

export function createIam({ roles, access, expected, accountOf }: IamOptions): Iam {
  const denials: Denial[] = [];
  const announced = new Set<string>();
  const used = new Set<string>();

  function roleOf(name: string): IamRole {
    const role = roles[name];
    if (!role) throw new Error(`The template has no role ${name}.`);
    return role;
  }

  async function allows(name: string, asked: Access): Promise<boolean> {
    const role = roleOf(name);
    const { allowed, by } = await decide(role, asked);
    const [only, another] = by;
    if (only !== undefined && another === undefined) used.add(only);
    const { action, resource, context, exists } = asked;
    if (!allowed) denials.push({ role: role.label, action, resource, context, exists });
    return allowed;
  }

  return {
    denials,
    used,
    allows,
    async mayAssume(service, name, context = {}) {
      const role = roleOf(name);
      const key = JSON.stringify([role.id, service, context]);
      const known = trusted.get(key) ?? trusts(role, service, context);
      trusted.set(key, known);
      return known;
    },
    expectDenials: (action) => void announced.add(action),
    unexpectedDenials: () =>
      denials.filter(
        (denial) => !announced.has(denial.action) && !expected.some(({ isExpected }) => isExpected(denial)),
      ),
    async refusal(caller, service, operation, request) {
      let needed: readonly Access[];
      let role = caller;
      try {
        const account = accountOf(request.accessKeyId);
        if (account !== ACCOUNT) role = dnsRoleName(account);
        const accessOf = access[service.name];
        if (!accessOf) throw new Error(`Nothing says what IAM is asked for ${service.name}.`);
        needed = accessOf(operation, request);
      } catch (error) {
        // A request that can't be read is refused by the service.
        if (error instanceof AwsServiceError) return undefined;
        throw error;
      }
      for (const each of needed) if (!(await allows(role, each))) return denied(roleOf(role), each, service);
      return undefined;
    },
  };
}

interface Decision {
  readonly allowed: boolean;
  readonly by: readonly string[];
}

/** One process sees the same questions in hundreds of sandboxes. */
const decided = new Map<string, Promise<Decision>>();

const trusted = new Map<string, Promise<boolean>>();

async function trusts(role: IamRole, service: string, context: NonNullable<Access['context']>): Promise<boolean> {
  const simulated = await runSimulation({
    request: {
      principal: service,
      action: 'sts:AssumeRole',
      resource: { resource: `arn:aws:iam::${ACCOUNT}:role/${role.name}`, accountId: ACCOUNT },
      contextVariables: context as Record<string, string | string[]>,
    },
    identityPolicies: [],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: role.trust,
  });
  return simulated.overallResult === 'Allowed';
}

function decide(role: IamRole, { action, resource, context = {}, resourcePolicy }: Access): Promise<Decision> {
  const relevant = Object.entries(context).filter(([key]) => conditionKeys(role).has(key.toLowerCase()));
  const question = { action, resource: withoutRandom(resource), context: Object.fromEntries(relevant), resourcePolicy };
  const key = JSON.stringify([role.id, question]);
  const known = decided.get(key) ?? simulate(role, question);
  decided.set(key, known);
  return known;
}

async function simulate(role: IamRole, { action, resource, context = {}, resourcePolicy }: Access): Promise<Decision> {
  const simulated = await runSimulation({
    request: {
      principal: sessionArn(role),
      action,
      // An asterisk in a request is no pattern; of the patterns, `*` and `?` match any other single character as well.
      resource: { resource: resource === '*' ? '*' : resource.replaceAll('*', '_'), accountId: ACCOUNT },
      contextVariables: { 'aws:SecureTransport': 'true', ...(context as Record<string, string | string[]>) },
    },
    identityPolicies: role.policies.map((policy, index) => ({ name: String(index), policy })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    ...(resourcePolicy === undefined ? {} : { resourcePolicy }),
  });
  const statements = simulated.result.analysis.identityAnalysis?.allowStatements ?? [];
  const allowed = simulated.overallResult === 'Allowed';
  return {
    allowed,
    by: allowed ? statements.map(({ statement }) => allowances.of(role, statement.sid(), action)) : [],
  };
}

/** Throws for a question that IAM can't be asked. */
export async function runSimulation(simulation: Simulation) {
  const library = nativeRequire('@cloud-copilot/iam-simulate') as {
    runSimulation(simulation: Simulation, options: object): Promise<RunSimulationResults>;
  };
  const simulated = await library.runSimulation(simulation, {});
  if (simulated.resultType === 'single') return simulated;
  const { action, resource } = simulation.request;
  throw new Error(`IAM can't be asked for ${action} on ${resource.resource}: ${JSON.stringify(simulated)}`);
}

/** What AWS makes up is the same for every policy: ids of certificates, ends of secrets' ARNs, executions. */
function withoutRandom(resource: string): string {
  return resource
    .replace(
      /(:certificate\/)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
      (_, kind: string) => `${kind}00000000-0000-4000-8000-000000000000`,
    )
    .replace(/(:secret:.*)-[A-Za-z0-9]{6}$/, '$1-AbCdEf')
    .replace(/(\/durable-execution\/).*$/, '$1name/id');
}

function sessionArn({ name, session }: IamRole): string {
  return `arn:aws:sts::${ACCOUNT}:assumed-role/${name}/${session}`;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
function denied(role: IamRole, { action, resource }: Access, { protocol }: AwsService): AwsServiceError {
  const where = resource === '*' ? '' : ` on resource: ${resource}`;
  const message =
    `User: ${sessionArn(role)} is not authorized to perform: ${action}${where} ` +
    `because no identity-based policy allows the ${action} action`;
  return protocol === 'rest-xml'
    ? new AwsServiceError(403, 'AccessDenied', message)
    : new AwsServiceError(protocol === 'rest-json' ? 403 : 400, 'AccessDeniedException', message);
}
