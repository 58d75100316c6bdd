import type { Calls } from '../../sandbox/calls.ts';
import type { Round, Task } from './task.ts';

/** What one program needed for one round of a task; the first issuance includes its account's registration. */
export interface Figures {
  readonly name: string;
  readonly round: Round;
  readonly certificates: number;
  readonly issued: number;
  readonly seconds: number;
  /** Commands that failed and were given again. */
  readonly repeated: number;
  readonly route53Calls: number;
  readonly caRequests: number;
  /** By `service:operation`. */
  readonly calls: Readonly<Record<string, number>>;
}

export function figuresOf(measured: {
  readonly name: string;
  readonly round: Round;
  readonly seconds: number;
  readonly repeated?: number;
  readonly calls: Calls;
  readonly issued: number;
  readonly task: Task;
}): Figures {
  const { name, round, seconds, repeated = 0, calls, issued, task } = measured;
  const certificates = task.certificates.length;
  if (issued !== certificates) throw new Error(`${name} has obtained ${issued} of ${certificates} certificates.`);
  const by = (service: string) =>
    Object.entries(calls.by(service)).map(([operation, count]) => [`${service}:${operation}`, count] as const);
  return {
    name,
    round,
    certificates,
    issued,
    seconds,
    repeated,
    route53Calls: calls.total('route53'),
    caRequests: calls.total('acme'),
    calls: Object.fromEntries([...by('route53'), ...by('acme')]),
  };
}
