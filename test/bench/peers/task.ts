/** What every program is asked to do. */
export interface Task {
  readonly zones: readonly string[];
  /** The names of each certificate. */
  readonly certificates: readonly (readonly string[])[];
  /** From a change until Route 53 says INSYNC and its name servers answer with it. */
  readonly propagationMilliseconds: number;
}

const ZONES = 10;
/** Of each answer of the CA. */
export const REQUEST_LATENCY = 50;

/** Apex and wildcard for each certificate, spread over ten zones. */
export function createTask(certificates: number, propagationMilliseconds: number): Task {
  const zones = Array.from({ length: ZONES }, (_, index) => `zone${index}.dev`);
  return {
    zones,
    certificates: Array.from({ length: certificates }, (_, index) => {
      const apex = `site${index}.${zones[index % ZONES]}`;
      return [apex, `*.${apex}`];
    }),
    propagationMilliseconds,
  };
}
