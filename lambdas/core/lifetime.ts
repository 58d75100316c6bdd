import { DAY, type RenewBefore, SECOND } from './duration.ts';

/** Both in milliseconds since the epoch. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * When a certificate is due by its lifetime alone: after two thirds of it, or half when it lasts under ten days, as
 * Let's Encrypt's integration guide asks; or `renewBefore` its end. Whole seconds, rounded down.
 *
 * It is the actual lifetime that counts, not the one that was asked for. A `renewBefore` that is as long as the
 * lifetime or longer would make every certificate due as soon as it is issued; it is disregarded, and
 * `isRenewBeforeTooLong` says so to the operator.
 */
export function lifetimeRenewal(validity: Validity, renewBefore?: RenewBefore): number {
  const lifetime = validity.notAfter - validity.notBefore;
  const before =
    renewBefore && !isRenewBeforeTooLong(validity, renewBefore)
      ? leadTime(lifetime, renewBefore)
      : lifetime * defaultShare(lifetime);
  return Math.floor((validity.notAfter - before) / SECOND) * SECOND;
}

export function isRenewBeforeTooLong(validity: Validity, renewBefore: RenewBefore): boolean {
  const lifetime = validity.notAfter - validity.notBefore;
  return leadTime(lifetime, renewBefore) >= lifetime;
}

/**
 * The last moment to renew whatever a CA suggests: a sixth of the lifetime is left. Later than the default rule, so
 * that a CA may delay renewals; early enough for days of repeated attempts with a 90-day certificate.
 */
export function latestRenewal(validity: Validity): number {
  const lifetime = validity.notAfter - validity.notBefore;
  return Math.floor((validity.notAfter - lifetime / 6) / SECOND) * SECOND;
}

function leadTime(lifetime: number, renewBefore: RenewBefore): number {
  return 'share' in renewBefore ? lifetime * renewBefore.share : renewBefore.milliseconds;
}

function defaultShare(lifetime: number): number {
  return lifetime < 10 * DAY ? 1 / 2 : 1 / 3;
}
