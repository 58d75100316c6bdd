export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** How long before its end a certificate is renewed: a time, or a share of its lifetime. */
export type RenewBefore = { readonly milliseconds: number } | { readonly share: number };

const UNITS: Readonly<Record<string, number>> = { m: MINUTE, h: HOUR, d: DAY };

/**
 * `30d`, `36h`, `90m`, or a share of the lifetime such as `33%` (1 to 99). `undefined` when it is neither.
 */
export function parseRenewBefore(text: string): RenewBefore | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,6})([mhd%])$/.exec(text) ?? [];
  const amount = Number(digits);
  if (digits === '' || amount === 0) return undefined;
  if (unit === '%') return amount < 100 ? { share: amount / 100 } : undefined;
  return { milliseconds: amount * (UNITS[unit] ?? 0) };
}
