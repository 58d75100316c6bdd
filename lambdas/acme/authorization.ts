import { baseName } from '../core/domain-name.ts';
import { isRenewalFailure, type ProblemDetails, RenewalFailure } from '../core/failure.ts';
import { parseProblem } from './problem.ts';
import { repeat } from './repeat.ts';
import {
  listField,
  member,
  nonsense,
  objectField,
  type Resource,
  resourceIn,
  statusField,
  textField,
} from './resource.ts';
import type { AcmeSession } from './session.ts';
import { post, postAsGet, postAsGetOnce, urlField } from './signed-request.ts';
import type { Answer } from './transport.ts';

const STATUSES = ['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked'] as const;
const CHALLENGE_STATUSES = ['pending', 'processing', 'valid', 'invalid'] as const;

/** RFC 8555, section 7.1.4: the CA's opinion on whether we control a name. */
export interface Authorization {
  readonly url: string;
  /** Without the wildcard label. */
  readonly domainName: string;
  readonly wildcard: boolean;
  readonly status: (typeof STATUSES)[number];
  /** The dns-01 challenge; an authorization that is over may not show it any more. */
  readonly challenge?: Challenge;
}

export interface Challenge {
  readonly url: string;
  readonly token: string;
  readonly status: (typeof CHALLENGE_STATUSES)[number];
  /** Why it failed. */
  readonly problem?: ProblemDetails;
}

/** Challenges of other types than dns-01 are ignored, also unknown ones. */
export async function readAuthorization(session: AcmeSession, url: string): Promise<Authorization> {
  return parseAuthorization(session, await postAsGet(session, READ, url));
}

/**
 * Tells the CA that the TXT record is there (RFC 8555, section 7.5.1). After a lost answer, looks whether the CA has
 * heard, before it says so again. Throws `ca-refused` when the CA offers no dns-01 challenge.
 */
export async function answerChallenge(
  session: AcmeSession,
  authorization: Pick<Authorization, 'url' | 'domainName'> & {
    readonly challenge?: Pick<Challenge, 'url' | 'status'>;
  },
): Promise<void> {
  const { challenge, domainName, url } = authorization;
  if (!challenge) {
    throw new RenewalFailure('ca-refused', `the CA offers no dns-01 challenge for ${domainName} (${url})`, {
      retry: 'never',
    });
  }
  if (challenge.status !== 'pending') return;
  let sent = false;
  await repeat(session.clock, 'write', async () => {
    if (sent && !(await isWaiting(session, url))) return;
    sent = true;
    try {
      await post(session, `validate ${domainName}`, challenge.url, {});
    } catch (error) {
      if (!(await isAnswered(session, url, error))) throw error;
    }
  });
}

const READ = 'show the authorization';

/** Whether a refusal means that there is nothing left to answer; Boulder says 409 while it is validating. */
async function isAnswered(session: AcmeSession, url: string, error: unknown): Promise<boolean> {
  if (!isRenewalFailure(error) || error.code !== 'ca-refused') return false;
  return error.details.problem?.status === 409 || !(await isWaiting(session, url));
}

async function isWaiting(session: AcmeSession, url: string): Promise<boolean> {
  const { status, challenge } = parseAuthorization(session, await postAsGetOnce(session, READ, url));
  return status === 'pending' && challenge?.status === 'pending';
}

function parseAuthorization(session: AcmeSession, answer: Answer): Authorization {
  const resource = resourceIn(answer, 'authorization');
  const identifier = objectField(resource, 'identifier');
  const type = textField(identifier, 'type');
  if (type !== 'dns') throw nonsense(resource, `it is for an identifier of type ${JSON.stringify(type)}`);
  const name = textField(identifier, 'value').toLowerCase();
  const challenge = findChallenge(session, resource);
  return {
    url: answer.url,
    domainName: baseName(name),
    wildcard: resource.fields['wildcard'] === true || name.startsWith('*.'),
    status: statusField(resource, STATUSES),
    ...(challenge === undefined ? {} : { challenge }),
  };
}

function findChallenge(session: AcmeSession, authorization: Resource): Challenge | undefined {
  const found = listField(authorization, 'challenges').find(
    (each) => typeof each === 'object' && each !== null && 'type' in each && each.type === 'dns-01',
  );
  if (found === undefined) return undefined;
  const challenge = member(authorization, 'challenge', found);
  const token = textField(challenge, 'token');
  // RFC 8555, section 8.3: base64url; what else comes would be signed by us all the same.
  if (!/^[A-Za-z0-9_-]{1,500}$/.test(token)) throw nonsense(challenge, 'token is not base64url');
  const problem = parseProblem(challenge.fields['error'], { url: challenge.url, status: 0 });
  return {
    url: urlField(session, challenge, 'url'),
    token,
    status: statusField(challenge, CHALLENGE_STATUSES),
    ...(problem === undefined ? {} : { problem }),
  };
}
