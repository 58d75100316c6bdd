import type { CertificateSpecInput } from '../../lambdas/core/certificate-spec.ts';
import type { Fault } from '../sandbox/faults.ts';
import type { NameServerBehaviour } from '../sandbox/name-server.ts';
import type { Execution } from '../sandbox/synthesis.ts';

/** What a seed stands for: plain data, drawn before anything runs. Times are milliseconds since the beginning. */
export interface Scenario {
  readonly seed: number;
  readonly execution: Execution;
  /** Whether each resume of a durable execution is in a process that knows nothing. */
  readonly coldStarts: boolean;
  /** How many operations of a durable execution an event carries; the rest of its state is read in pages. `undefined`: all. */
  readonly initialOperations: number | undefined;
  /** How often Lambda repeats an asynchronous event that failed: what the template says, or never, which is harder. */
  readonly asyncRetries: 0 | undefined;
  readonly profile: Profile;
  readonly zones: readonly string[];
  readonly fleet: readonly FleetMember[];
  readonly ca: CaTraits;
  /** Whether the CA has the host of Let's Encrypt, whose limits evercert knows and keeps by itself. */
  readonly isLetsEncrypt: boolean;
  readonly latency: number;
  readonly propagation: number;
  readonly listStaleness: number;
  /** Of DescribeSecret and GetSecretValue. */
  readonly readStaleness: number;
  /** How much the clock of each process of a function is off at most. */
  readonly skew: number;
  readonly faults: readonly PlannedFault[];
  readonly actions: readonly Action[];
  /** From here on nothing fails any more. */
  readonly faultsEnd: number;
}

export type Profile = 'shortlived' | 'tlsserver' | 'classic';

export interface FleetMember {
  readonly name: string;
  readonly spec: CertificateSpecInput & { readonly domainNames: readonly string[] };
  /** Who registers it: a hand, or a stack. */
  readonly owner: 'hand' | 'stack';
}

export interface CaTraits {
  readonly authorizationReuse: boolean;
  readonly orderReuse: boolean;
  readonly nonceRejection: number;
  readonly validation: number;
  readonly processing: number;
  readonly retryAfterSeconds: number | undefined;
}

/** One thing that goes wrong. */
export type PlannedFault = { readonly kind: string; readonly from: number; readonly until: number } & (
  | {
      readonly hits: 'requests';
      readonly fault: Fault;
      /** Every n-th matching request is hit. */
      readonly every: number;
      /** What the CA does with the order of the request that is hit, besides what `fault` says. */
      readonly issuance?: Issuance;
    }
  | { readonly hits: 'dns'; readonly behaviour: NameServerBehaviour }
  | { readonly hits: 'propagation'; readonly propagation: number; readonly lag: number }
);

/** A finalized order ends with a problem of this type, or its certificate is sent as one that nobody asked for. */
export type Issuance =
  | { readonly failsWith: 'caa' | 'rejectedIdentifier' | 'serverInternal' }
  | { readonly has: 'other names' | 'ended' };

/** What somebody does. */
export type Action = { readonly at: number } & (
  | { readonly does: 'scan'; readonly event: { readonly certificates?: readonly string[]; readonly force?: boolean } }
  | { readonly does: 'renew'; readonly event: { readonly certificate: string; readonly force?: boolean } }
  | { readonly does: 'revoke'; readonly certificate: string; readonly reason: 'keyCompromise' | 'superseded' }
  /** The CA does so, after an incident of its own. */
  | { readonly does: 'CA revokes'; readonly certificate: string }
  | { readonly does: 'CA forgets accounts' }
  | { readonly does: 'roll key over'; readonly issuer: string; readonly text: string }
  | { readonly does: 'change spec'; readonly certificate: string; readonly spec: FleetMember['spec'] }
  | { readonly does: 'write TXT'; readonly certificate: string; readonly value: string }
  | { readonly does: 'remove TXT'; readonly certificate: string; readonly value: string }
);
