import type { KeyObject } from 'node:crypto';
import type { AccountKey } from './account-key.ts';
import type { ProblemDocument } from './problem.ts';

/** RFC 8555, section 7.1.2. */
export interface Account {
  readonly id: number;
  readonly url: string;
  key: AccountKey;
  status: 'valid' | 'deactivated';
  contact: readonly string[];
  /** The external account binding that it was created with, and that binding's key identifier. */
  readonly binding: { readonly kid: string; readonly jws: unknown } | undefined;
}

/** RFC 8555, section 7.1.4. `valid`, `invalid` and `deactivated` are final. */
export interface Authorization {
  readonly id: number;
  readonly url: string;
  readonly account: Account;
  /** Without `*.`. */
  readonly name: string;
  readonly wildcard: boolean;
  readonly profile: string | undefined;
  status: 'pending' | 'valid' | 'invalid' | 'deactivated';
  expires: number;
  challenges: readonly Challenge[];
}

/** RFC 8555, section 7.1.5. */
export interface Challenge {
  readonly url: string;
  readonly type: 'dns-01' | 'http-01';
  readonly token: string;
  status: 'pending' | 'processing' | 'valid' | 'invalid';
  /** When it was validated, or has failed to be. */
  validated?: number;
  error?: ProblemDocument;
}

/** RFC 8555, section 7.1.3. Its status follows from its parts and the time: `orderStatus`. */
export interface Order {
  readonly id: number;
  readonly url: string;
  readonly account: Account;
  /** Lower case, sorted, each once; wildcards with `*.`. */
  readonly names: readonly string[];
  readonly profile: string | undefined;
  /** The ARI certificate identifier of the request, and the serial number in it. */
  readonly replaces: { readonly certId: string; readonly serial: string } | undefined;
  readonly authorizations: readonly Authorization[];
  readonly created: number;
  readonly expires: number;
  /** Set when finalize is accepted. */
  finalized: boolean;
  error?: ProblemDocument;
  certificate?: IssuedCertificate;
}

export interface IssuedCertificate {
  /** Lower-case hex without separators and without the sign byte. */
  readonly serial: string;
  readonly names: readonly string[];
  /** PEM chains, leaf first, root left out; the default chain first. */
  readonly chains: readonly string[];
  readonly publicKey: KeyObject;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly account: Account;
  readonly orderId: number;
  revoked: { readonly at: number; readonly reason: number } | undefined;
}

/** Everything that the CA remembers. */
export class Registry {
  readonly accounts: Account[] = [];
  readonly orders: Order[] = [];
  readonly authorizations: Authorization[] = [];
  readonly certificates: IssuedCertificate[] = [];
  /** Digests of keys whose holder revoked by key: they are compromised and get no certificate again. */
  readonly blockedKeys = new Set<string>();
  /** External account key identifiers that have been used. */
  readonly usedBindings = new Set<string>();
  /** Renewal windows set by hand, by serial number. */
  readonly renewalWindows = new Map<string, RenewalWindow>();

  /** Identifiers of accounts that the CA has lost. */
  readonly lostAccounts = new Set<number>();

  accountWithKey(thumbprint: string): Account | undefined {
    return this.accounts.find(({ id, key }) => key.thumbprint === thumbprint && !this.lostAccounts.has(id));
  }

  /** Identifiers count from 1. */
  account(id: number): Account | undefined {
    return this.lostAccounts.has(id) ? undefined : this.accounts[id - 1];
  }

  order(id: number): Order | undefined {
    return this.orders[id - 1];
  }

  authorization(id: number): Authorization | undefined {
    return this.authorizations[id - 1];
  }

  certificate(serial: string): IssuedCertificate | undefined {
    const wanted = normalSerial(serial);
    return this.certificates.find((certificate) => certificate.serial === wanted);
  }
}

/** RFC 9773, section 4.2; dates as they go over the wire, so that wrong ones can be sent too. */
export interface RenewalWindow {
  readonly start: string;
  readonly end: string;
  readonly explanationURL?: string;
}

/** Lower case, without separators and leading zero bytes: how the registry names serial numbers. */
export function normalSerial(serial: string): string {
  return serial
    .toLowerCase()
    .replaceAll(':', '')
    .replace(/^(00)+(?=.)/, '');
}
