import { RenewalFailure } from '../core/failure.ts';
import { problemOfUrl, shownUrl } from './acme-url.ts';
import { splitChain } from './pem-chain.ts';
import type { Connection } from './transport.ts';

/** A CA, and what its URLs may be. */
export interface AcmeEndpoint {
  readonly directoryUrl: string;
  /** PEM roots, trusted for the CA's HTTPS in addition to the system's. */
  readonly caBundle?: string;
  readonly allowHttp?: boolean;
  /** Without it, hosts with a private, loopback or link-local address are not contacted. */
  readonly allowPrivateAddresses?: boolean;
  /** Hosts besides the directory's that the CA's URLs may be on: `host` or `host:port`. */
  readonly allowedHosts?: readonly string[];
}

/** How to reach a CA by the URL that is known of it. Throws `invalid-input` when that can't be. */
export function connectionTo(home: string, rules: Omit<AcmeEndpoint, 'directoryUrl'>): Connection {
  const { caBundle, allowHttp, allowPrivateAddresses, allowedHosts } = rules;
  const urlRules = { home, allowHttp, allowPrivateAddresses, allowedHosts };
  const problem = problemOfUrl(home, urlRules);
  if (problem) throw new RenewalFailure('invalid-input', `the CA's URL ${shownUrl(home)} ${problem}`);
  try {
    // Node wants each of them to begin on a line of its own; people don't.
    return { ...urlRules, roots: splitChain(caBundle ?? '') };
  } catch (cause) {
    throw new RenewalFailure('invalid-input', "the issuer's caBundle holds something that is no certificate", {
      cause,
    });
  }
}
