import { describe } from '@jest/globals';
import type { Abilities } from './portable-cases.ts';

/** The variables that `run.ts` sets when it has found them. */
const VARIABLES = {
  Pebble: 'INTEROP_PEBBLE',
  moto: 'INTEROP_MOTO_PYTHON',
  NSD: 'INTEROP_NSD',
  Unbound: 'INTEROP_UNBOUND',
} as const;

/** Describes a combination whose second opinions are there; one that can't run is shown as skipped, with the reason. */
export function describeWith(needed: readonly (keyof typeof VARIABLES)[], title: string, cases: () => void): void {
  const missing = needed.filter((name) => process.env[VARIABLES[name]] === undefined);
  if (missing.length === 0) describe(title, cases);
  else describe.skip(`${title} (NOT RUN: ${missing.join(' and ')} could not be had; see the end of the output)`, cases);
}

/** What an older Pebble lacks: profiles came with 2.7, renewal information with 2.6, setting it with 2.8. */
export function pebbleAbilities(): Pick<Abilities, 'withoutProfiles' | 'withoutRenewalInfo'> {
  if (process.env['INTEROP_PEBBLE_IS_NEW'] !== undefined) return {};
  return { withoutProfiles: 'this Pebble is too old', withoutRenewalInfo: 'this Pebble is too old' };
}

/** What moto's Route 53 does otherwise than AWS's. */
export const MOTO_ABILITIES: Pick<Abilities, 'withoutForeignValues'> = {
  withoutForeignValues: "moto's CREATE doesn't mind a record set that is there, and its DELETE takes both away",
};
