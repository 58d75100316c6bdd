import { ACCOUNT } from './aws-account.ts';
import { type AwsAnswer, type AwsRequest, type AwsService, AwsServiceError } from './aws-service.ts';
import type { AccessOf } from './iam.ts';

export interface AssumableRole {
  readonly roleArn: string;
  /** What the trust policy asks for. */
  readonly externalId?: string;
}

/** The rules that it holds are listed in `rules-sts.md`. */
export class Sts implements AwsService {
  readonly name = 'sts';
  readonly protocol = 'rest-xml';
  readonly #clock: { now(): number };
  readonly #roles = new Map<string, AssumableRole>();
  readonly #sessions = new Map<string, { readonly account: string; readonly until: number }>();

  constructor({ clock }: { readonly clock: { now(): number } }) {
    this.#clock = clock;
  }

  /** From now on the role trusts the functions, if they bring its external id. */
  trust(role: AssumableRole): void {
    this.#roles.set(role.roleArn, role);
  }

  distrust(roleArn: string): void {
    this.#roles.delete(roleArn);
  }

  /** Whose an access key is. Throws what every service answers to credentials that have ended. */
  accountOf(accessKeyId: string): string {
    const session = this.#sessions.get(accessKeyId);
    if (!session) return ACCOUNT;
    if (session.until > this.#clock.now()) return session.account;
    throw new AwsServiceError(403, 'ExpiredToken', 'The security token included in the request is expired');
  }

  operationOf({ method, path, body }: AwsRequest): string | undefined {
    if (method !== 'POST' || path !== '/') return undefined;
    const form = new URLSearchParams(body);
    return form.get('Version') === '2011-06-15' ? (form.get('Action') ?? undefined) : undefined;
  }

  async answer(operation: string, request: AwsRequest): Promise<AwsAnswer> {
    if (operation !== 'AssumeRole') {
      throw new AwsServiceError(501, 'NotImplemented', `The sandbox's STS has no ${operation}.`);
    }
    const form = new URLSearchParams(request.body);
    const roleArn = form.get('RoleArn') ?? '';
    const seconds = Number(form.get('DurationSeconds') ?? 3_600);
    const session = form.get('RoleSessionName') ?? '';
    if (!/^[\w+=,.@-]{2,64}$/.test(session)) throw invalid('RoleSessionName');
    if (seconds < 900 || seconds > 43_200) throw invalid('DurationSeconds');
    // What a role chains is over after an hour: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    if (seconds > 3_600) {
      const message =
        'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining';
      throw new AwsServiceError(400, 'ValidationError', message);
    }
    const role = this.#roles.get(roleArn);
    if (!role || (role.externalId !== undefined && role.externalId !== form.get('ExternalId'))) {
      const caller = `arn:aws:sts::${ACCOUNT}:assumed-role/renew/session`;
      const message = `User: ${caller} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`;
      throw new AwsServiceError(403, 'AccessDenied', message);
    }
    const until = this.#clock.now() + seconds * 1000;
    const accessKeyId = `ASIASANDBOX${String(this.#sessions.size + 1).padStart(9, '0')}`;
    this.#sessions.set(accessKeyId, { account: roleArn.split(':')[4] ?? '', until });
    return { status: 200, body: rendered(accessKeyId, until, roleArn, session) };
  }
}

/** What IAM is asked for a request. */
export const stsAccess: AccessOf = (operation, { body }) => [
  { action: `sts:${operation}`, resource: new URLSearchParams(body).get('RoleArn') ?? '*' },
];

function invalid(member: string): AwsServiceError {
  return new AwsServiceError(
    400,
    'ValidationError',
    `1 validation error detected: Value at '${member}' failed to satisfy constraint`,
  );
}

function rendered(accessKeyId: string, until: number, roleArn: string, session: string): string {
  const assumed = `${roleArn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/${session}`;
  return (
    '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>' +
    `<AssumedRoleUser><AssumedRoleId>AROASANDBOX:${session}</AssumedRoleId><Arn>${assumed}</Arn></AssumedRoleUser>` +
    `<Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>sandbox</SecretAccessKey>` +
    `<SessionToken>sandbox</SessionToken><Expiration>${new Date(until).toISOString()}</Expiration></Credentials>` +
    '</AssumeRoleResult></AssumeRoleResponse>'
  );
}
