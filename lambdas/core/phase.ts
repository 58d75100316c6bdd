/** The phases of a renewal, each under the name of the step that it ends with: values of the metrics' dimension `Phase`. */
export const PHASES = [
  'claim',
  'place order',
  'present TXT values',
  'wait in sync',
  'look up authoritatively',
  'wait for validation',
  'wait for certificate',
  'go live',
  'announce',
] as const;

export type Phase = (typeof PHASES)[number];

/** What steps are called when there is more than one of a kind: `present TXT values 2`, `place order, order 2`. */
const REPEATED = /( \d+)?(, order \d+)?$/;

/**
 * The phase that ends with a step; `undefined` for a step within a phase. Every moment of a renewal that succeeds belongs to
 * one phase: from the end of the one before.
 */
export function phaseEndingWith(step: string): Phase | undefined {
  const name = step.replace(REPEATED, '');
  return PHASES.find((phase) => phase === name);
}
