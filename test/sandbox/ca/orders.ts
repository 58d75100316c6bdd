import {
  type AccountRequest,
  type Authority,
  type CaAnswer,
  jsonAnswer,
  retryAfter,
  rfc3339,
  wholeSeconds,
} from './authority.ts';
import { authorizationFor, reusableAuthorization } from './authorizations.ts';
import { normalNames, requireIssuable, requireNoOverlap } from './names.ts';
import { orderStatus } from './order-status.ts';
import { AcmeProblem, notFound } from './problem.ts';
import type { Order } from './registry.ts';
import { replacedCertificate } from './replacement.ts';
import { profileRules } from './settings.ts';

/** RFC 8555, section 7.4, with RFC 9773, section 5 (`replaces`) and profiles. The order of the checks is Boulder's. */
export function newOrder(authority: Authority, request: AccountRequest): CaAnswer {
  const { settings, registry, urls, clock } = authority;
  const { account, payload } = request;
  if (!payload) throw malformed('Unable to unmarshal NewOrder request body');
  const names = readIdentifiers(payload['identifiers']);
  if (payload['notBefore'] !== undefined || payload['notAfter'] !== undefined) {
    throw malformed('NotBefore and NotAfter are not supported');
  }
  requireIssuable(names, settings.refusedNames);
  const replaces = replacedCertificate(authority, account, names, payload['replaces']);
  const profile = readProfile(payload['profile'], authority);
  const rules = profileRules(settings, profile);
  if (names.length > rules.maxNames) {
    throw malformed(`Error creating new order :: Order cannot contain more than ${rules.maxNames} identifiers`);
  }
  requireNoOverlap(names);

  const reused = settings.orderReuse ? reusableOrder(authority, request, names, profile) : undefined;
  if (reused) return orderAnswer(authority, reused, 201);

  const now = clock.now();
  const authorizations = names.map(
    (name) =>
      reusableAuthorization(authority, account, name, profile, rules.orderLifetimeMilliseconds) ??
      authorizationFor(authority, account, name, profile),
  );
  const id = registry.orders.length + 1;
  const order: Order = {
    id,
    url: urls.order(account.id, id) + settings.orderQuery,
    account,
    names,
    profile,
    replaces,
    authorizations,
    created: now,
    expires: wholeSeconds(
      Math.min(now + rules.orderLifetimeMilliseconds, ...authorizations.map(({ expires }) => expires)),
    ),
    finalized: false,
  };
  registry.orders.push(order);
  return orderAnswer(authority, order, 201);
}

/** POST-as-GET on an order. */
export function order(authority: Authority, request: AccountRequest): CaAnswer {
  requirePostAsGet(request);
  const order = ownOrder(authority, request);
  const { settings, clock } = authority;
  const status = orderStatus(order, clock.now(), settings.orderLagMilliseconds);
  return orderAnswer(authority, order, 200, retryAfter(settings, status));
}

/** The order that the request's path names; another account's doesn't exist for this one, as Boulder answers. */
export function ownOrder({ registry }: Authority, { account, parameters }: AccountRequest): Order {
  const [accountId, id] = parameters;
  const order = registry.order(Number(id));
  if (!order) throw notFound(`No order for ID ${id}`);
  if (order.account.id !== Number(accountId) || order.account !== account) {
    throw notFound(`No order found for account ID ${accountId}`);
  }
  return order;
}

export function orderAnswer(
  { urls, clock, settings }: Authority,
  order: Order,
  status: number,
  headers: CaAnswer['headers'] = {},
): CaAnswer {
  const current = orderStatus(order, clock.now(), settings.orderLagMilliseconds);
  return jsonAnswer(
    status,
    {
      status: current,
      expires: rfc3339(order.expires),
      identifiers: order.names.map((value) => ({ type: 'dns', value })),
      authorizations: order.authorizations.map(({ url }) => url),
      finalize: urls.finalize(order.account.id, order.id),
      ...(order.profile !== undefined && { profile: order.profile }),
      ...(order.replaces && { replaces: order.replaces.certId }),
      ...(order.error && { error: order.error }),
      ...(current === 'valid' && order.certificate && { certificate: urls.certificate(order.certificate.serial) }),
    },
    { Location: order.url, ...headers },
  );
}

/** RFC 8555, section 6.3: the payload of POST-as-GET is empty. */
export function requirePostAsGet({ text }: AccountRequest): void {
  if (text !== '') throw malformed('Unable to validate JWS :: POST-as-GET requests must have an empty payload');
}

function readIdentifiers(value: unknown): readonly string[] {
  if (value !== undefined && !Array.isArray(value)) throw malformed('Unable to unmarshal NewOrder request body');
  if (!value || value.length === 0) throw malformed('NewOrder request did not specify any identifiers');
  return normalNames(
    value.map((identifier) => {
      const { type, value: name } = (identifier ?? {}) as Record<string, unknown>;
      if (type !== 'dns') {
        throw new AcmeProblem(
          'unsupportedIdentifier',
          `NewOrder request included unsupported identifier: type "${String(type)}", value "${String(name)}"`,
        );
      }
      if (typeof name !== 'string' || name === '') throw malformed('NewOrder request included empty identifier');
      return name;
    }),
  );
}

function readProfile(value: unknown, { settings }: Authority): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string' && Object.hasOwn(settings.profiles, value)) return value;
  throw new AcmeProblem('invalidProfile', `profile name "${String(value)}" not recognized`);
}

/** Boulder looks for one order with these names, and gives it back if it is this account's and can be finalized yet. */
function reusableOrder(
  { registry, clock, settings }: Authority,
  { account }: AccountRequest,
  names: readonly string[],
  profile: string | undefined,
): Order | undefined {
  return registry.orders.find(
    (order) =>
      order.account === account &&
      order.profile === profile &&
      order.names.join() === names.join() &&
      ['pending', 'ready'].includes(orderStatus(order, clock.now(), settings.orderLagMilliseconds)),
  );
}

function malformed(detail: string): AcmeProblem {
  return new AcmeProblem('malformed', detail);
}
