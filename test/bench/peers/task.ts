/** What every program is asked to do. */
export interface Task {
  readonly zones: readonly string[];
  /** The names of each certificate. */
  readonly certificates: readonly (readonly string[])[];
  /** From a change until Route 53 says INSYNC and its name servers answer with it. */
  readonly propagationMilliseconds: number;
  /** What is measured, one after the other: renewals come to certificates that are there and not due. */
  readonly rounds: readonly Round[];
}

export type Round = 'first issuance' | 'renewal';

const ZONES = 10;
/** Of each answer of the CA. */
export const REQUEST_LATENCY = 50;

/** Apex and wildcard for each certificate, spread over ten zones. */
export function createTask(
  certificates: number,
  propagationMilliseconds: number,
  rounds: readonly Round[] = ['first issuance'],
): Task {
  const zones = Array.from({ length: ZONES }, (_, index) => `zone${index}.dev`);
  return {
    zones,
    certificates: Array.from({ length: certificates }, (_, index) => {
      const apex = `site${index}.${zones[index % ZONES]}`;
      return [apex, `*.${apex}`];
    }),
    propagationMilliseconds,
    rounds,
  };
}
