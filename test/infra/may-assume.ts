import { runSimulation } from '../sandbox/iam.ts';

export interface AssumeRequest {
  /** The ARN of the caller's role, with its path. */
  readonly caller: string;
  readonly roleArn: string;
  /** The trust policy of `roleArn`. */
  readonly trust: unknown;
  readonly externalId?: string;
}

/** Whether a trust policy lets a role of another account assume its role, where the caller's own policies do. */
export async function mayAssume({ caller, roleArn, trust, externalId }: AssumeRequest): Promise<boolean> {
  const [, , , , account = '', role = ''] = caller.split(':');
  const may = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: roleArn };
  const { overallResult } = await runSimulation({
    request: {
      // A session's ARN has no path; the condition key has the role's ARN, with it.
      principal: `arn:aws:sts::${account}:assumed-role/${role.split('/').at(-1)}/session`,
      action: 'sts:AssumeRole',
      resource: { resource: roleArn, accountId: roleArn.split(':')[4] ?? '' },
      contextVariables: {
        'aws:PrincipalArn': caller,
        ...(externalId === undefined ? {} : { 'sts:ExternalId': externalId }),
      },
    },
    identityPolicies: [{ name: 'own', policy: { Version: '2012-10-17', Statement: [may] } }],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: trust,
  });
  return overallResult === 'Allowed';
}
