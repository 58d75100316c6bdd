import { randomBytes } from 'node:crypto';
import { HOUR } from '../../../lambdas/core/duration.ts';
import {
  type AccountRequest,
  type Authority,
  type CaAnswer,
  jsonAnswer,
  retryAfter,
  rfc3339,
  wholeSeconds,
} from './authority.ts';
import { validateDns01 } from './dns01.ts';
import { AcmeProblem, notFound, problemDocument } from './problem.ts';
import type { Account, Authorization, Challenge } from './registry.ts';
import { profileRules } from './settings.ts';

/** A new authorization for a name of an order (RFC 8555, section 7.1.4): one per base name and wildcard flag. */
export function authorizationFor(
  authority: Authority,
  account: Account,
  orderName: string,
  profile: string | undefined,
): Authorization {
  const { settings, registry, urls, clock } = authority;
  const rules = profileRules(settings, profile);
  const wildcard = orderName.startsWith('*.');
  const id = registry.authorizations.length + 1;
  const token = randomBytes(32).toString('base64url');
  const challenge = (type: Challenge['type']): Challenge => ({
    url: urls.challenge(account.id, id, randomBytes(4).toString('base64url')),
    type,
    token,
    status: 'pending',
  });
  const lifetime = settings.preApproved
    ? rules.authorizationLifetimeMilliseconds
    : rules.pendingAuthorizationLifetimeMilliseconds;
  const authorization: Authorization = {
    id,
    url: urls.authorization(account.id, id),
    account,
    name: wildcard ? orderName.slice(2) : orderName,
    wildcard,
    profile,
    status: 'pending',
    expires: wholeSeconds(clock.now() + lifetime),
    // Only DNS can prove a wildcard (Baseline Requirements, section 3.2.2.4.19).
    challenges: wildcard ? [challenge('dns-01')] : [challenge('http-01'), challenge('dns-01')],
  };
  if (settings.preApproved) {
    authorization.status = 'valid';
    authorization.challenges = authorization.challenges
      .filter(({ type }) => type === 'dns-01')
      .map((proven) => ({ ...proven, status: 'valid', validated: clock.now() }));
  }
  registry.authorizations.push(authorization);
  return authorization;
}

/**
 * A valid authorization of the account for the same name and profile that lasts for an eighth of an order's lifetime,
 * at least an hour and at most a day (`ra/ra.go`, NewOrder).
 */
export function reusableAuthorization(
  { settings, registry, clock }: Authority,
  account: Account,
  orderName: string,
  profile: string | undefined,
  orderLifetime: number,
): Authorization | undefined {
  if (!settings.authorizationReuse) return undefined;
  const until = clock.now() + Math.min(Math.max(orderLifetime / 8, HOUR), 24 * HOUR);
  return registry.authorizations.find(
    (authorization) =>
      authorization.account === account &&
      authorization.profile === profile &&
      orderName === (authorization.wildcard ? `*.${authorization.name}` : authorization.name) &&
      authorization.status === 'valid' &&
      authorization.expires > until,
  );
}

/** POST-as-GET on an authorization, or its deactivation (RFC 8555, section 7.5.2). */
export function authorization(authority: Authority, request: AccountRequest): CaAnswer {
  const found = ownAuthorization(authority, request, 'authorization');
  if (request.payload) {
    if (request.payload['status'] !== 'deactivated') throw malformed('Invalid status value');
    if (found.status !== 'pending' && found.status !== 'valid') {
      throw malformed('Error deactivating authorization :: authorization is final');
    }
    found.status = 'deactivated';
  }
  return jsonAnswer(
    200,
    {
      identifier: { type: 'dns', value: found.name },
      status: found.status,
      expires: rfc3339(found.expires),
      challenges: found.challenges.map((challenge) => challengeObject(challenge)),
      ...(found.wildcard && { wildcard: true }),
    },
    retryAfter(authority.settings, found.status),
  );
}

/** The response to a challenge (RFC 8555, section 7.5.1), or POST-as-GET on it. */
export function challenge(authority: Authority, request: AccountRequest): CaAnswer {
  const found = ownAuthorization(authority, request, 'challenge');
  const challenge = found.challenges.find(({ url }) => url === request.url);
  if (!challenge) throw notFound('No such challenge');
  // A valid authorization needs no more proof: Boulder returns it as it is.
  if (request.payload && found.status !== 'valid') respond(authority, found, challenge);
  return jsonAnswer(200, challengeObject(challenge), {
    Location: challenge.url,
    Link: `<${found.url}>;rel="up"`,
    ...retryAfter(authority.settings, challenge.status),
  });
}

function respond(authority: Authority, authorization: Authorization, challenge: Challenge): void {
  if (authorization.status !== 'pending')
    throw malformed('Unable to update challenge :: authorization must be pending');
  if (authorization.challenges.some(({ status }) => status === 'processing')) {
    if (authority.settings.repeatedChallengeResponse === 'accepted') return;
    throw new AcmeProblem(
      'conflict',
      'Unable to update challenge :: Authorization is already being validated. This may indicate your client attempted the same challenge multiple times, possibly due to a client bug.',
    );
  }
  challenge.status = 'processing';
  const keyAuthorization = `${challenge.token}.${authorization.account.key.thumbprint}`;
  authority.background(async () => {
    const { clock, settings } = authority;
    await clock.sleep(settings.validationMilliseconds);
    const problem =
      challenge.type === 'dns-01'
        ? await validateDns01(authorization.name, keyAuthorization, authority.resolver)
        : problemDocument(
            'connection',
            `Fetching http://${authorization.name}/.well-known/acme-challenge/${challenge.token}: Connection refused`,
          );
    if (authorization.status !== 'pending') return;
    challenge.validated = clock.now();
    // Once one challenge has been attempted, the others are gone (RFC 8555, section 7.1.4).
    authorization.challenges = [challenge];
    if (problem) {
      challenge.error = problem;
      challenge.status = 'invalid';
      authorization.status = 'invalid';
    } else {
      challenge.status = 'valid';
      authorization.status = 'valid';
      const { authorizationLifetimeMilliseconds } = profileRules(settings, authorization.profile);
      authorization.expires = wholeSeconds(clock.now() + authorizationLifetimeMilliseconds);
    }
  });
}

function ownAuthorization(
  { registry, clock }: Authority,
  { account, parameters }: AccountRequest,
  what: 'authorization' | 'challenge',
): Authorization {
  const found = registry.authorization(Number(parameters[1]));
  if (!found || found.account.id !== Number(parameters[0])) throw notFound(`No such ${what}`);
  if (found.expires < clock.now()) throw notFound('Expired authorization');
  if (found.account !== account) {
    throw new AcmeProblem(
      'unauthorized',
      what === 'challenge'
        ? "User account ID doesn't match account ID in authorization"
        : "Account ID doesn't match ID for authorization",
    );
  }
  return found;
}

function challengeObject({ type, url, status, token, validated, error }: Challenge): unknown {
  return {
    type,
    url,
    status,
    token,
    ...(validated !== undefined && { validated: rfc3339(validated) }),
    ...(error && { error }),
  };
}

function malformed(detail: string): AcmeProblem {
  return new AcmeProblem('malformed', detail);
}
