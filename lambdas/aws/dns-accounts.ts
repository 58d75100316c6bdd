import { Route53Client } from '@aws-sdk/client-route-53';
import { AssumeRoleCommand, type Credentials, type STSClient } from '@aws-sdk/client-sts';
import { type AssumedRole, accountOf } from '../core/dns-role.ts';
import { MINUTE } from '../core/duration.ts';
import { RenewalFailure } from '../core/failure.ts';
import { awsMessage, call } from './call.ts';
import { type ClientOptions, CONFIGURATION, repeating } from './clients.ts';

/** Route 53 of this account, and of the accounts whose roles may be assumed. */
export interface DnsAccounts {
  /** Throws `dns-role-refused` that names account and role. */
  route53(role?: AssumedRole): Promise<Route53Client>;
}

/** New credentials are asked for so long before the old ones end. */
const BEFORE_END = 5 * MINUTE;

/** Of a role that is assumed by a role, AWS's limit: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html. */
const SESSION_SECONDS = 3_600;

/** RoleSessionName: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const LONGEST_SESSION_NAME = 64;

/**
 * Assumes each role once in the life of what this returns, and again shortly before its credentials end: make one for each
 * run. `sessionName`, as much of it as AWS takes, is what the other account's CloudTrail shows.
 */
export function createDnsAccounts(
  own: Route53Client,
  sts: STSClient,
  options: ClientOptions & { readonly sessionName: string },
): DnsAccounts {
  const { clock, sessionName } = options;
  const sessions = new Map<string, Promise<Session>>();

  const open = async (role: AssumedRole): Promise<Session> => {
    const credentials = await assume(sts, role, sessionName);
    const client = repeating(new Route53Client({ ...CONFIGURATION, credentials: identityOf(credentials) }), options);
    const lasts = credentials.Expiration?.getTime() ?? clock.now() + SESSION_SECONDS * 1000;
    return { client, until: lasts - BEFORE_END };
  };

  return {
    async route53(role) {
      if (!role) return own;
      const key = JSON.stringify([role.roleArn, role.externalId]);
      const known = sessions.get(key);
      const session = await known;
      if (session && clock.now() < session.until) return session.client;
      // Whoever asked meanwhile has opened it already.
      const current = sessions.get(key);
      const opening = current === known ? open(role) : (current ?? open(role));
      sessions.set(key, opening);
      opening.catch(() => sessions.delete(key));
      return (await opening).client;
    },
  };
}

interface Session {
  readonly client: Route53Client;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

async function assume(sts: STSClient, role: AssumedRole, sessionName: string): Promise<Credentials> {
  const command = new AssumeRoleCommand({
    RoleArn: role.roleArn,
    RoleSessionName: sessionName.slice(0, LONGEST_SESSION_NAME),
    DurationSeconds: SESSION_SECONDS,
    ...(role.externalId === undefined ? {} : { ExternalId: role.externalId }),
  });
  try {
    const { Credentials } = await call('sts:AssumeRole', accountOf(role), () => sts.send(command));
    if (Credentials) return Credentials;
  } catch (error) {
    if (!(error instanceof RenewalFailure) || (error.code !== 'access-denied' && error.code !== 'aws-refused'))
      throw error;
    throw new RenewalFailure(
      'dns-role-refused',
      `the role for the zones of ${accountOf(role)} can not be assumed: ${awsMessage(error)}. Look whether it exists, whether its ` +
        `trust policy lets the role of renew in and ${role.externalId === undefined ? 'asks for no external id (dns.externalId is not set)' : 'the external id that is set'}, ` +
        'and whether renew may assume it (dnsRoles of the construct)',
      { cause: error, details: error.details },
    );
  }
  throw new RenewalFailure('dns-role-refused', `AWS gave no credentials for ${accountOf(role)}`);
}

function identityOf({ AccessKeyId = '', SecretAccessKey = '', SessionToken }: Credentials) {
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    ...(SessionToken === undefined ? {} : { sessionToken: SessionToken }),
  };
}
