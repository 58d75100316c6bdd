import { DAY, HOUR, SECOND } from '../../../lambdas/core/duration.ts';
import { mulberry32 } from '../mulberry32.ts';
import type { ProblemDocument } from './problem.ts';
import type { IssuedCertificate } from './registry.ts';

/**
 * How the CA behaves. The object is mutable: a change is in force from the next request on. The defaults are those of
 * Let's Encrypt's default profile. Durations are virtual milliseconds unless a name says otherwise.
 */
export interface CaSettings {
  /** Validity of a certificate when the order names no profile. */
  lifetimeMilliseconds: number;
  /** Most names in an order without a profile. */
  maxNames: number;
  /** Offered in the directory's `meta.profiles` (draft-ietf-acme-profiles); empty: the CA knows no profiles. */
  profiles: Record<string, CaProfile>;
  /** Probability (0..1) that a good nonce is refused with `badNonce`. */
  nonceRejection: number;
  /** Everything that is left to chance; the default is seeded, so that two runs are alike. Returns 0 <= n < 1. */
  random: () => number;
  /** How long each answer takes. */
  requestLatencyMilliseconds: number;
  /** From the response to a challenge until the CA asks DNS. */
  validationMilliseconds: number;
  /** How much later than its last authorization an order leaves `pending`, as Dogtag's may (rules-ca.md). */
  orderLagMilliseconds: number;
  /** From finalize until the certificate is there; 0: finalize answers `valid` at once. */
  processingMilliseconds: number;
  /** `Retry-After` on answers that show a pending or processing object; `undefined`: no such header. */
  retryAfterSeconds: number | undefined;
  /** `Retry-After` of renewalInfo. */
  renewalInfoRetryAfterSeconds: number;
  /** A response to a challenge that is being validated already: 409 as Boulder says, or taken and ignored. */
  repeatedChallengeResponse: 'conflict' | 'accepted';
  /** Whether a valid authorization serves later orders of the same account. */
  authorizationReuse: boolean;
  /** Whether new authorizations are valid from the start. */
  preApproved: boolean;
  /** Whether newOrder returns the same account's pending or ready order for the same names and profile. */
  orderReuse: boolean;
  /** Ends the URL of each new order: `?~` makes it one that no tag of AWS can hold. */
  orderQuery: string;
  orderLifetimeMilliseconds: number;
  pendingAuthorizationLifetimeMilliseconds: number;
  /** How long an authorization stays valid, and so how long it can be reused. */
  authorizationLifetimeMilliseconds: number;
  /** External account binding (RFC 8555, section 7.3.4); `undefined`: not offered. */
  eab: EabSettings | undefined;
  /** Whether the CA offers renewalInfo (RFC 9773). */
  renewalInfo: boolean;
  /** Whether certificates come with an alternate chain. */
  alternateChains: boolean;
  /** Names, and everything below them, that the CA's policy refuses. */
  refusedNames: readonly string[];
  /** Mail domains that the CA refuses in contacts. */
  refusedContactDomains: readonly string[];
  /** Fails an accepted order while it is processing, as a failing CAA check or SCT shortage does. */
  refuseIssuance: ((names: readonly string[]) => ProblemDocument | undefined) | undefined;
  /** Makes the CA hand out something wrong. */
  mutate: {
    /** Sees the PEM chain that is about to be downloaded and returns what to send instead. */
    certificate?: (chain: string, certificate: IssuedCertificate) => string | Promise<string>;
  };
}

interface EabSettings {
  readonly required: boolean;
  /** Key identifier to HMAC key, base64url. */
  readonly keys: Readonly<Record<string, string>>;
  /** A key identifier serves for one newAccount request only: even its own account can't repeat it. */
  readonly once?: boolean;
}

export interface CaProfile {
  readonly description?: string;
  readonly lifetimeMilliseconds: number;
  readonly maxNames: number;
  /** Leaves out what `tlsserver` and `shortlived` leave out: common name, subject key identifier, keyEncipherment. */
  readonly lean?: boolean;
  readonly orderLifetimeMilliseconds?: number;
  readonly pendingAuthorizationLifetimeMilliseconds?: number;
  readonly authorizationLifetimeMilliseconds?: number;
}

/** Let's Encrypt's profiles as of 2026 (letsencrypt.org/docs/profiles). */
export const LETS_ENCRYPT_PROFILES: Readonly<Record<string, CaProfile>> = {
  classic: {
    description: 'https://letsencrypt.org/docs/profiles#classic',
    lifetimeMilliseconds: 90 * DAY,
    maxNames: 100,
  },
  tlsserver: {
    description: 'https://letsencrypt.org/docs/profiles#tlsserver',
    lifetimeMilliseconds: 45 * DAY,
    maxNames: 25,
    lean: true,
    orderLifetimeMilliseconds: 8 * HOUR,
    pendingAuthorizationLifetimeMilliseconds: HOUR,
    authorizationLifetimeMilliseconds: 7 * HOUR,
  },
  shortlived: {
    description: 'https://letsencrypt.org/docs/profiles#shortlived',
    lifetimeMilliseconds: 160 * HOUR,
    maxNames: 25,
    lean: true,
    orderLifetimeMilliseconds: 8 * HOUR,
    pendingAuthorizationLifetimeMilliseconds: HOUR,
    authorizationLifetimeMilliseconds: 7 * HOUR,
  },
};

/** The defaults, with `given` in their place. */
export function caSettings(given: Partial<CaSettings> = {}): CaSettings {
  return {
    lifetimeMilliseconds: 90 * DAY,
    maxNames: 100,
    profiles: {},
    nonceRejection: 0,
    random: mulberry32(8_555),
    requestLatencyMilliseconds: 0,
    validationMilliseconds: SECOND,
    orderLagMilliseconds: 0,
    orderQuery: '',
    processingMilliseconds: SECOND,
    retryAfterSeconds: 3,
    renewalInfoRetryAfterSeconds: 6 * 3_600,
    repeatedChallengeResponse: 'conflict',
    authorizationReuse: true,
    preApproved: false,
    orderReuse: true,
    orderLifetimeMilliseconds: 7 * DAY,
    pendingAuthorizationLifetimeMilliseconds: 7 * DAY,
    authorizationLifetimeMilliseconds: 30 * DAY,
    eab: undefined,
    renewalInfo: true,
    alternateChains: true,
    refusedNames: [],
    refusedContactDomains: ['example.com', 'example.net', 'example.org'],
    refuseIssuance: undefined,
    mutate: {},
    ...given,
  };
}

/** The rules of one profile; of the CA itself when `name` is `undefined`. */
export function profileRules(settings: CaSettings, name: string | undefined): Required<Omit<CaProfile, 'description'>> {
  return {
    lifetimeMilliseconds: settings.lifetimeMilliseconds,
    maxNames: settings.maxNames,
    lean: false,
    orderLifetimeMilliseconds: settings.orderLifetimeMilliseconds,
    pendingAuthorizationLifetimeMilliseconds: settings.pendingAuthorizationLifetimeMilliseconds,
    authorizationLifetimeMilliseconds: settings.authorizationLifetimeMilliseconds,
    ...(name === undefined ? undefined : settings.profiles[name]),
  };
}
