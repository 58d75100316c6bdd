import { DAY } from './duration.ts';
import type { Validity } from './lifetime.ts';
import {
  CERTIFICATE_DIMENSION,
  DAYS_TO_EXPIRY,
  PHASE_DIMENSION,
  PHASE_SECONDS,
  RENEWAL_FAILURES,
  RENEWALS,
  SMALLEST_REMAINING_SHARE,
  THROTTLES,
} from './metric-names.ts';
import type { Phase } from './phase.ts';

/** One value of one metric. Which deployment it is from is added where it is written. */
export interface Metric {
  readonly name: string;
  readonly unit: 'Count' | 'None' | 'Percent' | 'Seconds';
  readonly value: number;
  /** Besides the renewer. */
  readonly dimensions?: Readonly<Record<string, string>>;
}

/** Of a certificate's live pair. */
export interface NamedValidity extends Validity {
  readonly name: string;
}

/** What a scan has seen. */
export interface ScanFacts {
  /** Of every certificate that has a live pair. */
  readonly validities: readonly NamedValidity[];
  /** Renewals that could not be started. */
  readonly failed: number;
  /** Whether every certificate of the deployment was looked at: the smallest share of a few says nothing about the rest. */
  readonly complete: boolean;
}

/** What a scan tells CloudWatch; `perCertificate` costs money for each certificate. */
export function scanMetrics(
  { validities, failed, complete }: ScanFacts,
  now: number,
  options: { readonly perCertificate: boolean },
): readonly Metric[] {
  const shares = validities.map((validity) => remainingShare(validity, now));
  return [
    ...(complete && shares.length > 0
      ? [{ name: SMALLEST_REMAINING_SHARE, unit: 'Percent', value: shares.reduce((a, b) => Math.min(a, b)) } as const]
      : []),
    ...(failed > 0 ? [count(RENEWAL_FAILURES, failed)] : []),
    ...(options.perCertificate ? validities.map((validity) => daysToExpiry(validity, now)) : []),
  ];
}

export const RENEWED: Metric = count(RENEWALS, 1);

export const THROTTLED: Metric = count(THROTTLES, 1);

export const FAILED: Metric = count(RENEWAL_FAILURES, 1);

export function phaseMetric(phase: Phase, milliseconds: number): Metric {
  return {
    name: PHASE_SECONDS,
    unit: 'Seconds',
    value: Math.max(0, milliseconds) / 1000,
    dimensions: { [PHASE_DIMENSION]: phase },
  };
}

/** Percent of the lifetime, 0 to 100. */
function remainingShare({ notBefore, notAfter }: Validity, now: number): number {
  const lifetime = notAfter - notBefore;
  return lifetime > 0 ? Math.min(100, Math.max(0, (100 * (notAfter - now)) / lifetime)) : 0;
}

function daysToExpiry({ name, notAfter }: NamedValidity, now: number): Metric {
  return {
    name: DAYS_TO_EXPIRY,
    unit: 'None',
    value: Math.max(0, notAfter - now) / DAY,
    dimensions: { [CERTIFICATE_DIMENSION]: name },
  };
}

function count(name: string, value: number): Metric {
  return { name, unit: 'Count', value };
}
