/**
 * The metrics that the functions write in CloudWatch's embedded metric format, and that alarms and the dashboard read.
 * Both sides take the names from here: an alarm on a misspelt name would stay silent for ever.
 */

export const METRIC_NAMESPACE = 'evercert';

/** Dimension of every metric: `settings.renewer`, so that two deployments in one account don't mix. */
export const RENEWER_DIMENSION = 'Renewer';

/**
 * Percent, 0 to 100: what is left of the lifetime of the certificate that is nearest to its end, of all that have a
 * live pair. Zero for an expired one. One value per scan, none when no certificate has a pair.
 */
export const SMALLEST_REMAINING_SHARE = 'SmallestRemainingShare';

/** Count: certificates whose new pair went live, one per renewal; also when an import into ACM fails afterwards. */
export const RENEWALS = 'Renewals';

/** Count: renewals that failed, and starts by a scan that Lambda refused. A deployment's start fails the deployment. */
export const RENEWAL_FAILURES = 'RenewalFailures';

/** Seconds that one phase of a renewal took, waiting included; has `PHASE_DIMENSION` as well. */
export const PHASE_SECONDS = 'PhaseSeconds';

/** One of `PHASES`. */
export const PHASE_DIMENSION = 'Phase';

/** Count: calls that were repeated because AWS throttled them. */
export const THROTTLES = 'Throttles';

/**
 * Days until the live pair expires, zero afterwards; has `CERTIFICATE_DIMENSION` as well. One value per scan and
 * certificate, only with `settings.certificateMetrics`.
 */
export const DAYS_TO_EXPIRY = 'DaysToExpiry';

/** The certificate's name. */
export const CERTIFICATE_DIMENSION = 'Certificate';
