import { getPemBodyAsB64u } from 'acme-client/src/crypto/index.js';
import { sameNames } from '../core/domain-name.ts';
import { SECOND } from '../core/duration.ts';
import { type ProblemDetails, RenewalFailure } from '../core/failure.ts';
import { printable } from '../core/printable.ts';
import { alternateLinks, type Chain, isIssuedBelow, readChain } from './chain.ts';
import { parseProblem, problemType } from './problem.ts';
import { repeat } from './repeat.ts';
import {
  listField,
  member,
  nonsense,
  optionalInstantField,
  type Resource,
  resourceIn,
  statusField,
  textField,
} from './resource.ts';
import { pollAfterMilliseconds } from './retry-after.ts';
import type { AcmeSession } from './session.ts';
import { expectUrl, post, postAsGet, postAsGetOnce, urlField } from './signed-request.ts';
import type { Answer } from './transport.ts';

const STATUSES = ['pending', 'ready', 'processing', 'valid', 'invalid'] as const;

/** More than any CA has names in one order. */
const MOST_AUTHORIZATIONS = 1_000;

/** RFC 8555, section 7.1.3. Instants are milliseconds since the epoch. */
export interface Order {
  readonly url: string;
  readonly status: (typeof STATUSES)[number];
  readonly expires?: number;
  readonly domainNames: readonly string[];
  readonly authorizationUrls: readonly string[];
  readonly finalizeUrl: string;
  readonly certificateUrl?: string;
  /** Why it is invalid. */
  readonly problem?: ProblemDetails;
  /** When to look again, if the CA says so. */
  readonly retryAfterMilliseconds?: number;
  /** The CA has taken our signing request just now; not there where it may have been somebody else's. */
  readonly accepted?: true;
}

/**
 * Places an order (RFC 8555, section 7.4). A CA may answer with one that it has already, in any status. Throws
 * `invalid-input`, without an order, for a profile that the CA does not offer.
 *
 * Repeated after a connection error or 5xx: a CA that has got the lost one usually returns it again. With `replaces`,
 * such a CA may refuse the repetition instead (`alreadyReplaced`).
 */
export async function placeOrder(
  session: AcmeSession,
  wanted: { readonly domainNames: readonly string[]; readonly profile?: string; readonly replaces?: string },
): Promise<Order> {
  const { domainNames, profile, replaces } = wanted;
  const { newOrder } = await session.directory();
  if (profile !== undefined) await expectProfile(session, profile);
  const payload = {
    identifiers: domainNames.map((value) => ({ type: 'dns', value })),
    ...(profile === undefined ? {} : { profile }),
    ...(replaces === undefined ? {} : { replaces }),
  };
  const purpose = `take an order for ${shortList(domainNames)}`;
  const answer = await repeat(session.clock, 'write', () => post(session, purpose, newOrder, payload));
  const url = expectUrl(session, { kind: 'new order', url: newOrder }, 'Location', answer.headers.location);
  const order = parseOrder(session, answer, url);
  if (sameNames(order.domainNames, domainNames)) return order;
  throw nonsense(
    { kind: 'order', url },
    `it is for ${shortList(order.domainNames)} instead of ${shortList(domainNames)}`,
  );
}

/** The order as the CA has it now. */
export async function readOrder(session: AcmeSession, url: string): Promise<Order> {
  return parseOrder(session, await postAsGet(session, READ, url), url);
}

/** A CA whose servers disagree on whether an order is ready is asked so often, a second, two, four and eight apart. */
const MOST_FINALIZATIONS = 5;
const FIRST_PAUSE = SECOND;

/**
 * Sends the certificate signing request (PEM) of an order (RFC 8555, section 7.4). One that has left `pending` and `ready` is returned
 * as it is. After a lost answer, and after `orderNotReady`, the order is read, and the request is sent again only if nobody has
 * taken one: one server of a CA may say that an order is ready, and another one not yet.
 *
 * Throws `ca-refused` when it is still `orderNotReady` at the fifth time.
 */
export async function finalizeOrder(session: AcmeSession, order: Order, csr: Buffer | string): Promise<Order> {
  if (!isUnfinished(order)) return order;
  for (let refused = 1; ; refused += 1) {
    try {
      return await sendRequest(session, order, csr);
    } catch (error) {
      if (problemType(error) !== 'orderNotReady' || refused === MOST_FINALIZATIONS) throw error;
      await session.clock.sleep(FIRST_PAUSE * 2 ** (refused - 1));
    }
  }
}

/** Whether nobody has finalized it yet, as far as its status says. */
export function isUnfinished({ status }: Order): boolean {
  return status === 'pending' || status === 'ready';
}

async function sendRequest(session: AcmeSession, order: Order, csr: Buffer | string): Promise<Order> {
  const payload = { csr: getPemBodyAsB64u(csr) };
  let sent = false;
  return repeat(session.clock, 'write', async () => {
    if (sent) {
      const now = await readOnce(session, order.url);
      if (!isUnfinished(now)) return now;
    }
    sent = true;
    try {
      const answer = await post(session, 'finalize the order', order.finalizeUrl, payload);
      return { ...parseOrder(session, answer, order.url), accepted: true };
    } catch (error) {
      if (problemType(error) !== 'orderNotReady') throw error;
      // Somebody was faster, or an earlier run whose answer was lost.
      const now = await readOnce(session, order.url);
      if (!isUnfinished(now)) return now;
      throw error;
    }
  });
}

/**
 * Downloads the certificate of a `valid` order (RFC 8555, section 7.4.2): the leaf, and the intermediates without the
 * root, each as clean PEM. With `preferredChain`, the name of a root, an alternate chain that ends below it is taken if
 * the default one doesn't and there is one; alternates are looked at for no other reason.
 */
export async function downloadChain(
  session: AcmeSession,
  order: Order,
  options: { readonly preferredChain?: string } = {},
): Promise<Chain> {
  const { certificateUrl, status, url } = order;
  if (status !== 'valid')
    throw new RenewalFailure('order-failed', `the order ${url} is ${status}: it has no certificate`);
  if (certificateUrl === undefined) throw nonsense({ kind: 'order', url }, 'it is valid and has no certificate');
  const answer = await postAsGet(session, DOWNLOAD, certificateUrl);
  const usual = readChain(answer);
  const { preferredChain } = options;
  if (preferredChain === undefined || isIssuedBelow(usual, preferredChain)) return usual;
  for (const link of alternateLinks(answer)) {
    const alternate = expectUrl(session, { kind: 'certificate', url: certificateUrl }, 'alternate', link);
    const chain = readChain(await postAsGet(session, DOWNLOAD, alternate));
    if (chain.certificate === usual.certificate && isIssuedBelow(chain, preferredChain)) return chain;
  }
  return usual;
}

const READ = 'show the order';
const DOWNLOAD = 'hand out the certificate';

async function readOnce(session: AcmeSession, url: string): Promise<Order> {
  return parseOrder(session, await postAsGetOnce(session, READ, url), url);
}

async function expectProfile(session: AcmeSession, profile: string): Promise<void> {
  const { profiles } = (await session.directory()).meta;
  if (profiles.includes(profile)) return;
  const offer = profiles.length === 0 ? 'it offers none' : `it offers ${shortList(profiles)}`;
  const { host } = new URL(session.connection.home);
  throw new RenewalFailure(
    'invalid-input',
    `${host} has no profile ${JSON.stringify(profile)}: ${offer}; nothing was ordered`,
  );
}

function parseOrder(session: AcmeSession, answer: Answer, url: string): Order {
  const resource = { ...resourceIn(answer, 'order'), url };
  const expires = optionalInstantField(resource, 'expires');
  const status = statusField(resource, STATUSES);
  // Some CAs leave them out once nobody needs them any more.
  const authorizations = resource.fields['authorizations'] === undefined ? [] : listField(resource, 'authorizations');
  if (status === 'pending' && authorizations.length === 0) throw nonsense(resource, 'it waits for no authorization');
  if (authorizations.length > MOST_AUTHORIZATIONS)
    throw nonsense(resource, `it has ${authorizations.length} authorizations`);
  const problem = parseProblem(resource.fields['error'], { url, status: 0 });
  const retryAfterMilliseconds = pollAfterMilliseconds(answer.headers['retry-after'], session.clock.now());
  return {
    url,
    status,
    ...(expires === undefined ? {} : { expires }),
    domainNames: listField(resource, 'identifiers').map((each) => domainName(resource, each)),
    authorizationUrls: authorizations.map((each) => expectUrl(session, resource, 'authorization', each)),
    finalizeUrl: urlField(session, resource, 'finalize'),
    ...(resource.fields['certificate'] ? { certificateUrl: urlField(session, resource, 'certificate') } : {}),
    ...(problem === undefined ? {} : { problem }),
    ...(retryAfterMilliseconds === undefined ? {} : { retryAfterMilliseconds }),
  };
}

function domainName(order: Resource, value: unknown): string {
  const identifier = member(order, 'identifier', value);
  if (textField(identifier, 'type') !== 'dns') throw nonsense(order, 'it is for more than domain names');
  return textField(identifier, 'value').toLowerCase();
}

function shortList(names: readonly string[]): string {
  const some = names.slice(0, 5).map((name) => printable(name, 100));
  return names.length > 5 ? `${some.join(', ')} and ${names.length - 5} more` : some.join(', ');
}
