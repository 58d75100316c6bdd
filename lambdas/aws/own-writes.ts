import { SECOND } from '../core/duration.ts';
import type { SecretDescription } from '../renewal/ports/secret-vault.ts';

/** How long a read may be behind, as far as we care: AWS doesn't say. */
const REMEMBERED = 10 * SECOND;

/** A secret, whether it is scheduled for deletion or not. */
export type AnySecret = SecretDescription & { readonly scheduled: boolean };

/** What a write has left. */
export interface Written {
  readonly scheduled?: boolean;
  readonly stages?: Readonly<Record<string, string>>;
  /** `undefined` for a tag that was removed. */
  readonly tags?: Readonly<Record<string, string | undefined>>;
}

/** What a vault has written in the last ten seconds. */
export interface OwnWrites {
  note(id: string, written: Written): void;
  /** Whether a description shows all of it. */
  isShownBy(id: string, secret: AnySecret | undefined): boolean;
  /** What was decided last about its deletion; `undefined` when nothing was. */
  isScheduled(id: string): boolean | undefined;
  /** For what is not shown although it should be: somebody else has written since. */
  forget(id: string): void;
}

/**
 * Remembers writes by the secret's name. Secrets Manager takes fifty writes a second, so there are never many
 * (https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html).
 */
export function rememberOwnWrites(clock: { now(): number }): OwnWrites {
  let writes: readonly { readonly name: string; readonly at: number; readonly written: Written }[] = [];
  const recent = () => writes.filter(({ at }) => at > clock.now() - REMEMBERED);
  const of = (id: string) => recent().filter(({ name }) => name === nameOf(id));
  const isScheduled = (id: string) =>
    of(id).findLast(({ written }) => written.scheduled !== undefined)?.written.scheduled;

  return {
    isScheduled,
    note(id, written) {
      writes = [...recent(), { name: nameOf(id), at: clock.now(), written }];
    },
    isShownBy(id, secret) {
      const own = of(id);
      if (own.length === 0) return true;
      if (!secret) return false;
      const scheduled = isScheduled(id);
      const stages = new Map(own.flatMap(({ written }) => Object.entries(written.stages ?? {})));
      const tags = new Map(own.flatMap(({ written }) => Object.entries(written.tags ?? {})));
      return (
        (scheduled === undefined || secret.scheduled === scheduled) &&
        [...stages].every(([stage, version]) => secret.stages[stage] === version) &&
        [...tags].every(([key, value]) => secret.tags[key] === value)
      );
    },
    forget(id) {
      writes = recent().filter(({ name }) => name !== nameOf(id));
    },
  };
}

/** Of an ARN, which ends in a hyphen and six characters. */
function nameOf(id: string): string {
  return id.replace(/^arn:[^/]*:secret:(.*)-.{6}$/, '$1');
}
