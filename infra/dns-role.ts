import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import { CompositePrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import * as z from 'zod/mini';
import { hostedZoneIdSchema } from '../lambdas/core/certificate-spec.ts';
import { externalIdSchema } from '../lambdas/core/dns-role.ts';
import { parseInput } from '../lambdas/core/input.ts';
import { challengeStatements } from './dns-permissions.ts';
import { acknowledgeWildcards } from './findings.ts';
import { renewPrincipal } from './renew-principal.ts';

/** Of the deployment that is named by default, in the account with the certificates. */
export const RENEW_ROLES = 'arn:aws:iam::123456789012:role/evercert/evercert/*';

/** The account has to be named; the role's name may begin with a path, and end with a wildcard. */
const renewRoleArnSchema = z.string().check(
  z.refine((arn) => /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@-][\w+=,.@/*?-]{0,511}$/.test(arn), {
    error: `must be the ARN of an IAM role, such as ${RENEW_ROLES}`,
  }),
);

const propsSchema = z.strictObject({
  /**
   * The roles of `renew` that may assume it, one of each deployment: their paths, `role/evercert/<renewer>/*`, which hold before
   * a role exists and after it is made anew, or the roles themselves (output `RenewRoleArn`).
   */
  renewRoleArns: z.array(renewRoleArnSchema).check(z.minLength(1)),
  /** The same as in the specs, or in `dnsRoles`. */
  externalId: z.optional(externalIdSchema),
  roleName: z._default(z.string().check(z.regex(/^[\w+=,.@-]{1,64}$/)), 'evercert-dns'),
  /** Zones in which challenges may be answered; all of the account when empty. */
  hostedZoneIds: z._default(z.array(hostedZoneIdSchema), []),
  /** Names beside those that begin with `_acme-challenge.` to which CNAME records lead. */
  cnameTargets: z._default(z.array(z.string()), []),
});

export type DnsRoleProps = z.input<typeof propsSchema>;

/**
 * The role that lets evercert answer challenges in the zones of another account: the four statements that `renew` has in its
 * own, under the same conditions. Belongs into a stack of the account with the zones.
 */
export class DnsRole extends Construct {
  readonly role: Role;

  constructor(scope: Construct, id: string, props: DnsRoleProps) {
    super(scope, id);
    const { renewRoleArns, externalId, roleName, hostedZoneIds, cnameTargets } = parseInput(
      propsSchema,
      props,
      'DNS role',
    );
    const statements = challengeStatements({ stack: Stack.of(this), hostedZoneIds, cnameTargets });
    this.role = new Role(this, 'Role', {
      roleName,
      description: 'Lets evercert answer ACME challenges in the zones of this account',
      assumedBy: new CompositePrincipal(
        ...renewRoleArns.map((arn) => renewPrincipal(arn.split(':')[4] ?? '', arn, externalId)),
      ),
    });
    for (const statement of statements) this.role.addToPolicy(statement);
    acknowledgeWildcards(this.role, statements);
  }
}

/** One `DnsRole`: `npx cdk deploy --app 'node infra/dns-role-app.ts' -c renewRoleArns=… -c externalId=…`. */
export class DnsRoleStack extends Stack {
  constructor(scope: Construct, id: string, { role, ...props }: StackProps & { readonly role: DnsRoleProps }) {
    super(scope, id, { description: 'evercert: may answer ACME challenges in this account', ...props });
    const { role: made } = new DnsRole(this, 'DnsRole', role);
    new CfnOutput(this, 'RoleArn', { value: made.roleArn, description: 'For dns.roleArn of a spec, or dnsRoles' });
  }
}
