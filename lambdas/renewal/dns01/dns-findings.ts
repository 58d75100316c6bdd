import { type FailureCode, RenewalFailure } from '../../core/failure.ts';

/** What checks found out, each in one sentence for the operator. */
export interface Findings {
  /** With any of these a CA would not issue. */
  readonly problems: readonly Problem[];
  /** What could not be checked, and what is odd. */
  readonly notes: readonly string[];
}

export interface Problem {
  readonly code: FailureCode;
  readonly sentence: string;
}

export const NOTHING_FOUND: Findings = { problems: [], notes: [] };

export function allFindings(findings: readonly Findings[]): Findings {
  return {
    problems: distinct(
      findings.flatMap(({ problems }) => problems),
      ({ sentence }) => sentence,
    ),
    notes: distinct(
      findings.flatMap(({ notes }) => notes),
      (note) => note,
    ),
  };
}

/** Throws one failure that has all sentences; its code is the first problem's. */
export function expectNoProblem({ problems }: Findings): void {
  const [first] = problems;
  if (!first) return;
  const sentences = problems.map(({ sentence }) => sentence).join('. ');
  throw new RenewalFailure(first.code, `nothing was ordered: ${sentences}.`);
}

function distinct<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  return [...new Map(items.map((item) => [key(item), item])).values()];
}
