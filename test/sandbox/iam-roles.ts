import { createHash } from 'node:crypto';
import type { DeployedTemplate } from './template.ts';

/** A role of the template with everything that its policies say. */
export interface IamRole {
  /** Of this role of this template; for remembering decisions. */
  readonly id: string;
  /** What CloudFormation calls it. */
  readonly name: string;
  /** Short, and the same in every template: `Scan`, `Renew`, `Provision`, `Schedule`. */
  readonly label: string;
  /** What the service that assumes it calls the session. */
  readonly session: string;
  /** Who may assume it, and when. */
  readonly trust: PolicyDocument;
  readonly policies: readonly PolicyDocument[];
}

export interface PolicyDocument {
  readonly Version: string;
  readonly Statement: readonly Statement[];
}

export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/**
 * The roles of a template by physical name. Throws for what the sandbox can't decide about: managed policies, whose text
 * no template has.
 */
export function rolesOf(template: DeployedTemplate): Readonly<Record<string, IamRole>> {
  const policies = template.resources('AWS::IAM::Policy');
  return Object.fromEntries(
    template.resources('AWS::IAM::Role').map(({ logicalId, ref, properties }) => {
      for (const property of ['ManagedPolicyArns', 'Policies', 'PermissionsBoundary']) {
        if (property in properties) throw new Error(`The sandbox does not know ${property} of the role ${logicalId}.`);
      }
      const attached = policies.filter((policy) => (policy.properties['Roles'] as readonly string[]).includes(ref));
      const documents = attached.map((policy) => policy.properties['PolicyDocument'] as PolicyDocument);
      const trust = properties['AssumeRolePolicyDocument'] as PolicyDocument;
      const label = /^Renewer(\w+?)(?:Direct)?Role[0-9A-F]{8}$/.exec(logicalId)?.[1] ?? logicalId;
      const role: IamRole = {
        id: idOf(ref, JSON.stringify([trust, documents])),
        name: ref,
        label,
        session: label,
        trust,
        policies: documents,
      };
      return [ref, role];
    }),
  );
}

/** In whose name requests are sent with the credentials of another account's role for DNS. */
export function dnsRoleName(account: string): string {
  return `dns-role-${account}`;
}

/** The roles in other accounts: their owners attach the policy that the stack's outputs print. */
export function dnsRolesOf(
  outputs: Readonly<Record<string, { readonly Value: unknown }>>,
): Readonly<Record<string, IamRole>> {
  return Object.fromEntries(
    Object.entries(outputs).flatMap(([key, { Value }]) => {
      const [, account] = /DnsPermissions(\d{12})/.exec(key) ?? [];
      if (account === undefined) return [];
      const name = dnsRoleName(account);
      const policy = String(Value);
      const document = JSON.parse(policy) as PolicyDocument;
      // Its trust policy is in that account, where `sts.ts` looks at it.
      const trust = { Version: document.Version, Statement: [] };
      const role = { name, label: 'Dns', session: 'evercert', trust, policies: [document] };
      return [[name, { id: idOf(name, policy), ...role }]];
    }),
  );
}

function idOf(name: string, policies: string): string {
  return createHash('sha256').update(`${name} ${policies}`).digest('hex');
}

/** One action of one statement of one role, in one line: `Renew ReadSecrets secretsmanager:GetSecretValue`. */
export const allowances = {
  of: (role: IamRole, sid: string | undefined, action: string): string => `${role.label} ${sid ?? '-'} ${action}`,

  /** All that a role has. */
  all: (role: IamRole): readonly string[] =>
    role.policies
      .flatMap(({ Statement }) => Statement)
      .filter(({ Effect }) => Effect === 'Allow')
      .flatMap(({ Sid, Action }) => [Action].flat().map((action) => allowances.of(role, Sid, action))),
};

const keysByRole = new WeakMap<IamRole, ReadonlySet<string>>();

/** The condition keys that a role's policies look at, in lower case; no other can change a decision. */
export function conditionKeys(role: IamRole): ReadonlySet<string> {
  const known = keysByRole.get(role);
  if (known) return known;
  const conditions = role.policies.flatMap(({ Statement }) => Statement.map(({ Condition = {} }) => Condition));
  const keys = conditions.flatMap((condition) => Object.values(condition).flatMap((each) => Object.keys(each)));
  const found = new Set(keys.map((key) => key.toLowerCase()));
  keysByRole.set(role, found);
  return found;
}
