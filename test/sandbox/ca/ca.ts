import type { KeyObject } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { HOUR } from '../../../lambdas/core/duration.ts';
import type { Calls } from '../calls.ts';
import type { Faults } from '../faults.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { type Authority, rfc3339, wholeSeconds } from './authority.ts';
import { signChains } from './finalize.ts';
import type { LETS_ENCRYPT_HOST } from './https-root.ts';
import { giveBackIdentity, takeIdentity } from './identity-pool.ts';
import { type OrderStatus, orderStatus } from './order-status.ts';
import {
  type Account,
  type Authorization,
  type IssuedCertificate,
  normalSerial,
  type Order,
  Registry,
} from './registry.ts';
import { createFront } from './server.ts';
import { type CaSettings, caSettings } from './settings.ts';
import type { Resolver } from './txt-query.ts';
import { caUrls } from './urls.ts';

export interface CaOptions {
  readonly clock: VirtualClock;
  /** Counts `acme:<resource>` for every request that reaches a resource, refused ones included. */
  readonly calls: Calls;
  /** Applied to requests whose signature, nonce and URL are good; `after` only to those that were not refused. */
  readonly faults: Faults;
  /** Asked for TXT records at every validation. */
  readonly resolver: Resolver;
  readonly settings?: Partial<CaSettings>;
  /** The host in its URLs, which has to lead to loopback. */
  readonly host?: 'localhost' | typeof LETS_ENCRYPT_HOST;
}

/** An ACME CA (RFC 8555, RFC 9773) in this process, on loopback, that behaves as Let's Encrypt's does. */
export interface SandboxCa {
  readonly directoryUrl: string;
  /** PEM of the root that the CA's HTTPS certificate hangs on: clients' CA bundle. */
  readonly httpsRoot: string;
  /** PEM roots of what it issues; the first is the default chain's. */
  readonly roots: readonly { readonly name: string; readonly pem: string }[];
  readonly settings: CaSettings;
  readonly accounts: readonly Account[];
  /** With their status at this moment of the virtual clock. */
  readonly orders: readonly (Order & { readonly status: OrderStatus })[];
  readonly authorizations: readonly Authorization[];
  readonly certificates: readonly IssuedCertificate[];
  /** Exceptions in the CA itself; the requests were answered with 500. */
  readonly bugs: readonly unknown[];
  /** Orders whose finalize was accepted, whatever became of them. */
  finalizedOrders(): readonly Order[];
  /** What renewalInfo answers for a certificate from now on. Strings go over the wire as they are, wrong ones too. */
  setRenewalWindow(
    serial: string,
    window: { readonly start: number | string; readonly end: number | string; readonly explanationURL?: string },
  ): void;
  /** Loses every account, as a CA that is reset does: their URLs and keys are unknown from now on. */
  forgetAccounts(): void;
  /** Revokes as the CA itself, for example after an incident. */
  revoke(serial: string, reason?: number): void;
  /**
   * A chain from this CA for any names and key, without an order: what `settings.mutate` may hand out. Times are
   * milliseconds since the epoch; left out, they are an order's.
   */
  issue(leaf: {
    readonly names: readonly string[];
    readonly publicKey: KeyObject;
    readonly notBefore?: number;
    readonly notAfter?: number;
  }): Promise<string>;
  /** Closes all connections. What is still being validated or issued is abandoned. */
  stop(): Promise<void>;
}

export async function startCa(options: CaOptions): Promise<SandboxCa> {
  const { clock, calls, faults, resolver, host = 'localhost' } = options;
  const identity = await takeIdentity();
  const { https, hierarchy } = identity;
  const server = createServer({ key: https.key, cert: https.certificate });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const registry = new Registry();
  const bugs: unknown[] = [];
  const authority: Authority = {
    clock,
    settings: caSettings(options.settings),
    registry,
    hierarchy,
    resolver,
    urls: caUrls(`https://${host}:${(server.address() as AddressInfo).port}`),
    background: (work) => {
      void clock.run(work).catch((error: unknown) => bugs.push(error));
    },
  };
  server.on('request', createFront({ authority, calls, faults, bugs }));

  return {
    directoryUrl: authority.urls.directory,
    httpsRoot: https.root,
    roots: hierarchy.roots.map(({ name, certificate }) => ({ name, pem: certificate.toString('pem') })),
    settings: authority.settings,
    accounts: registry.accounts,
    get orders() {
      const lag = authority.settings.orderLagMilliseconds;
      return registry.orders.map((order) => ({ ...order, status: orderStatus(order, clock.now(), lag) }));
    },
    authorizations: registry.authorizations,
    certificates: registry.certificates,
    bugs,
    finalizedOrders: () => registry.orders.filter(({ finalized }) => finalized),
    setRenewalWindow: (serial, { start, end, explanationURL }) => {
      const text = (instant: number | string) => (typeof instant === 'string' ? instant : rfc3339(instant));
      registry.renewalWindows.set(normalSerial(serial), {
        start: text(start),
        end: text(end),
        ...(explanationURL !== undefined && { explanationURL }),
      });
    },
    forgetAccounts: () => {
      for (const { id } of registry.accounts) registry.lostAccounts.add(id);
    },
    revoke: (serial, reason = 0) => {
      const certificate = registry.certificate(serial);
      if (!certificate) throw new RangeError(`The CA has issued no certificate with serial number ${serial}.`);
      certificate.revoked = { at: clock.now(), reason };
    },
    issue: async ({ names, publicKey, notBefore, notAfter }) => {
      const start = notBefore ?? wholeSeconds(clock.now()) - HOUR;
      const end = notAfter ?? start + authority.settings.lifetimeMilliseconds - 1_000;
      const leaf = { names, commonName: undefined, publicKey, profile: undefined, notBefore: start, notAfter: end };
      const [chain = ''] = (await signChains(authority, leaf)).chains;
      return chain;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          giveBackIdentity(identity);
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
