import { isAriIdOf } from './ari-id.ts';
import type { CertificateSpec } from './certificate-spec.ts';
import { preferredIssuer, renewBeforeOf } from './certificate-spec.ts';
import type { CertificateTags } from './certificate-tags.ts';
import { sameNames } from './domain-name.ts';
import { isoInstant } from './instant.ts';
import type { KeyType } from './key-type.ts';
import { latestRenewal, lifetimeRenewal, type Validity } from './lifetime.ts';
import { LIVE, REVOKED, SPEC } from './stages.ts';

/**
 * Whether an attempt must start now, and why: a sentence for the operator. `inspect` is for the scan alone: something
 * in the metadata doesn't add up, and `renew` has to read the values.
 */
export interface Decision {
  readonly action: 'renew' | 'publish' | 'inspect' | 'wait';
  readonly reason: string;
}

/** What a listing shows of one certificate. */
export interface CertificateMetadata {
  readonly tags: CertificateTags;
  /** Staging label to version id. */
  readonly stages: Readonly<Record<string, string>>;
}

/**
 * The scan's decision, from metadata alone. A wrong `inspect` costs one start of `renew`, which decides again from
 * the values; a wrong `wait` costs a certificate. So what is unknown is inspected.
 */
export function dueFromMetadata({ tags, stages }: CertificateMetadata, now: number, force = false): Decision {
  const live = stages[LIVE];
  if (tags.state === 'renewing' && tags.lease !== undefined && tags.lease > now) {
    return wait(`a renewal is running and owns its claim until ${isoInstant(tags.lease)}`);
  }
  if (force) return renew('forced');
  if (live === undefined) return inspect('the secret has no current version');
  if (tags.state === 'registered') return renew('nothing has been issued yet');
  // Whoever changes the spec does not wait for a back-off that belongs to the old one.
  if (stages[SPEC] !== tags.spec && stages[SPEC] !== undefined) return inspect('the spec has changed');
  if (isHeld(tags)) return wait(PAUSED);
  if (tags.retryAt !== undefined && tags.retryAt > now) {
    return wait(
      `in back-off after ${tags.failures ?? 1} failures (${tags.failure ?? 'unknown'}) until ${isoInstant(tags.retryAt)}`,
    );
  }
  if (stages[REVOKED] !== undefined && stages[REVOKED] !== tags.revoked)
    return inspect('a revocation was asked for and is not finished');
  if (tags.version === undefined && tags.state === 'failed')
    return renew(`the back-off after ${tags.failure ?? 'a failure'} is over`);
  if (tags.version !== live) return inspect('the live version is not the one that the tags describe');
  // A scan that saw the tags of the certificate before has written what it learned of that one.
  if (!isInformedOfLive(tags)) return inspect('the renewal information is that of another certificate');
  switch (tags.state) {
    case 'renewing':
      return renew('the last attempt stopped without an end');
    case 'failed':
      return renew(`the back-off after ${tags.failure ?? 'a failure'} is over`);
    case 'issued':
      return timing(tags, now);
    default:
      return inspect('its state is unknown');
  }
}

const PAUSED = 'the CA has paused the account for these names; after its page was visited, renew with force';

/** Whether a failure is too recent to try again, or waits for a human. */
export function isInBackOff(tags: CertificateTags, now: number): boolean {
  return isHeld(tags) || (tags.retryAt ?? 0) > now;
}

/** Where a human has to end the pause, no time is stored. */
function isHeld({ failure, retryAt }: CertificateTags): boolean {
  return failure === 'account-paused' && retryAt === undefined;
}

/** Whether the renewal information of the tags, if there is any, is that of the certificate that they describe. */
export function isInformedOfLive({ ariId, serial }: CertificateTags): boolean {
  return ariId === undefined || serial === undefined || isAriIdOf(ariId, serial);
}

/** Whether the CA's directory is to be looked at now, because it could not be had when the certificate was published. */
export function lacksRenewalInfo({ ariId, renewalInfo, ariCheck = 0 }: CertificateTags, now: number): boolean {
  return ariId !== undefined && renewalInfo === undefined && ariCheck <= now;
}

function timing(tags: CertificateTags, now: number): Decision {
  if (tags.renewAt === undefined || tags.notBefore === undefined || tags.notAfter === undefined) {
    return inspect('its validity is unknown');
  }
  const at = renewalTime(
    { notBefore: tags.notBefore, notAfter: tags.notAfter },
    tags.renewBy ?? tags.renewAt,
    tags.renewAt,
  );
  if (at <= now) return renew(`due since ${isoInstant(at)}, valid until ${isoInstant(tags.notAfter)}`);
  if (lacksRenewalInfo(tags, now)) return inspect('its CA has not said yet where it answers renewal information');
  return wait(`renews at ${isoInstant(at)}`);
}

/**
 * When a certificate is renewed: at the CA's suggestion if there is one (RFC 9773), by the lifetime rule if not. A
 * `renewBefore` of the spec and a suggestion hold both, whichever is earlier. Never later than `latestRenewal`, whatever
 * a CA says.
 */
export function renewalTime(validity: Validity, byLifetime: number, suggested?: number): number {
  const byDefault = byLifetime === lifetimeRenewal(validity);
  const wanted = byDefault ? (suggested ?? byLifetime) : Math.min(suggested ?? byLifetime, byLifetime);
  return Math.min(wanted, Math.max(byLifetime, latestRenewal(validity)));
}

/** What `renew` found in the live version. */
export type LivePair =
  | { readonly kind: 'none' }
  | { readonly kind: 'broken'; readonly problem: string }
  | {
      readonly kind: 'pair';
      readonly domainNames: readonly string[];
      readonly keyType: KeyType | undefined;
      readonly serialNumber: string;
      readonly notBefore: number;
      readonly notAfter: number;
      /** The directory that issued it, where the value says so: an adopted one may not. */
      readonly directoryUrl: string | undefined;
      /** The profile that was asked for. */
      readonly profile?: string | undefined;
      /** RFC 9773's id, if it has one. */
      readonly ariId?: string | undefined;
      /** Whether its key was revoked, or is about to be. */
      readonly keyIsRevoked?: boolean;
    };

/**
 * `renew`'s decision, from the values. `directoryUrls` are those of the spec's issuers, so that a certificate from a
 * fallback is no change of issuer.
 */
export function dueFromValue(
  live: LivePair,
  spec: CertificateSpec,
  context: {
    readonly now: number;
    readonly force: boolean;
    readonly directoryUrls: readonly string[];
    readonly suggested?: number | undefined;
    readonly imports: CertificateTags['acm'];
  },
): Decision {
  if (live.kind === 'none') return renew('nothing has been issued yet');
  if (live.kind === 'broken') return renew(live.problem);
  if (live.keyIsRevoked) return renew('its key was revoked, or is about to be');
  if (context.force) return renew('forced');
  if (!sameNames(live.domainNames, spec.domainNames)) {
    return renew(`its names are ${live.domainNames.join(', ')}; the spec says ${spec.domainNames.join(', ')}`);
  }
  if (live.keyType !== spec.key)
    return renew(`its key is ${live.keyType ?? 'of another type'}; the spec says ${spec.key}`);
  if (live.directoryUrl !== undefined && !context.directoryUrls.includes(live.directoryUrl)) {
    return renew(`it was issued by ${live.directoryUrl}; the spec says issuer ${preferredIssuer(spec)}`);
  }
  if (live.directoryUrl !== undefined && live.profile !== spec.profile) {
    return renew(`its profile is ${live.profile ?? "the CA's default"}; the spec says ${spec.profile ?? 'none'}`);
  }
  const at = renewalTime(live, lifetimeRenewal(live, renewBeforeOf(spec)), context.suggested);
  if (at <= context.now) return renew(`due since ${isoInstant(at)}, valid until ${isoInstant(live.notAfter)}`);
  const region = spec.acm.find((name) => context.imports[name]?.serial !== live.serialNumber);
  if (region)
    return { action: 'publish', reason: `ACM in ${region} does not have serial number ${live.serialNumber} yet` };
  return wait(`renews at ${isoInstant(at)}`);
}

/** Whether a pair is what a spec asks for, however old it is: names, key type, issuer and profile. */
export function isAsSpecified(pair: LivePair, spec: CertificateSpec, directoryUrls: readonly string[]): boolean {
  if (pair.kind !== 'pair') return false;
  const whenNew = { now: pair.notBefore, force: false, directoryUrls, imports: {} };
  return dueFromValue(pair, spec, whenNew).action !== 'renew';
}

function renew(reason: string): Decision {
  return { action: 'renew', reason };
}

function inspect(reason: string): Decision {
  return { action: 'inspect', reason };
}

function wait(reason: string): Decision {
  return { action: 'wait', reason };
}
