import { RenewalFailure } from '../../lambdas/core/failure.ts';
import type {
  NewSecret,
  NewVersion,
  SecretDescription,
  SecretVault,
  StageMove,
} from '../../lambdas/renewal/ports/secret-vault.ts';

/** Secrets Manager in a map. Passes `secret-vault.contract.ts`, and lets a test see what is inside. */
export class MemoryVault implements SecretVault {
  /** How often each operation was called. */
  readonly calls: Record<keyof SecretVault, number> = {
    list: 0,
    describe: 0,
    read: 0,
    create: 0,
    put: 0,
    moveStage: 0,
    tag: 0,
    untag: 0,
    describeScheduled: 0,
    scheduleDeletion: 0,
    restore: 0,
  };
  /** By name. */
  readonly #secrets = new Map<string, Secret>();

  /** Values by version id; empty when there is no such secret. */
  versions(id: string): ReadonlyMap<string, string> {
    return this.#find(id)?.versions ?? new Map();
  }

  async *list(tag: string, value: string): AsyncIterable<SecretDescription> {
    this.calls.list += 1;
    for (const secret of this.#secrets.values()) {
      if (!secret.deleted && secret.tags[tag] === value) yield describe(secret);
    }
  }

  async describe(id: string): Promise<SecretDescription | undefined> {
    this.calls.describe += 1;
    const secret = this.#find(id);
    return secret && !secret.deleted ? describe(secret) : undefined;
  }

  async read(id: string, versionId: string): Promise<string | undefined> {
    this.calls.read += 1;
    const secret = this.#find(id);
    return secret?.deleted ? undefined : secret?.versions.get(versionId);
  }

  async create({ name, value, token, tags }: NewSecret): Promise<'created' | 'exists'> {
    this.calls.create += 1;
    const known = this.#secrets.get(name);
    if (known) return !known.deleted && known.versions.get(token) === value ? 'created' : 'exists';
    this.#secrets.set(name, {
      arn: `arn:aws:secretsmanager:eu-central-1:123456789012:secret:${name}-a1b2c3`,
      name,
      tags: { ...tags },
      versions: new Map([[token, value]]),
      stages: { AWSCURRENT: token },
      deleted: false,
    });
    return 'created';
  }

  async put({ id, value, token, stage }: NewVersion): Promise<'written' | 'taken'> {
    this.calls.put += 1;
    const secret = this.#existing(id);
    const known = secret.versions.get(token);
    if (known !== undefined) return known === value ? 'written' : 'taken';
    secret.versions.set(token, value);
    label(secret, stage, token);
    return 'written';
  }

  async moveStage({ id, stage, to, from }: StageMove): Promise<'moved' | 'lost'> {
    this.calls.moveStage += 1;
    const secret = this.#existing(id);
    if (secret.stages[stage] === to) return 'moved';
    if (secret.stages[stage] !== from) return 'lost';
    if (!secret.versions.has(to)) throw refusal('ResourceNotFoundException', `there is no version ${to} of ${id}`);
    label(secret, stage, to);
    return 'moved';
  }

  async tag(id: string, tags: Readonly<Record<string, string>>): Promise<void> {
    this.calls.tag += 1;
    Object.assign(this.#existing(id).tags, tags);
  }

  async untag(id: string, keys: readonly string[]): Promise<void> {
    this.calls.untag += 1;
    const { tags } = this.#existing(id);
    for (const key of keys) delete tags[key];
  }

  async describeScheduled(id: string): Promise<SecretDescription | undefined> {
    this.calls.describeScheduled += 1;
    const secret = this.#find(id);
    return secret?.deleted ? describe(secret) : undefined;
  }

  async scheduleDeletion(id: string): Promise<void> {
    this.calls.scheduleDeletion += 1;
    const secret = this.#find(id);
    if (secret) secret.deleted = true;
  }

  async restore(id: string): Promise<void> {
    this.calls.restore += 1;
    const secret = this.#find(id);
    if (!secret) throw refusal('ResourceNotFoundException', `there is no secret ${id}`);
    secret.deleted = false;
  }

  #find(id: string): Secret | undefined {
    return this.#secrets.get(id) ?? [...this.#secrets.values()].find(({ arn }) => arn === id);
  }

  #existing(id: string): Secret {
    const secret = this.#find(id);
    if (!secret) throw refusal('ResourceNotFoundException', `there is no secret ${id}`);
    if (secret.deleted) throw refusal('InvalidRequestException', `secret ${id} is scheduled for deletion`);
    return secret;
  }
}

interface Secret {
  readonly arn: string;
  readonly name: string;
  readonly tags: Record<string, string>;
  readonly versions: Map<string, string>;
  readonly stages: Record<string, string>;
  deleted: boolean;
}

function label(secret: Secret, stage: string, version: string): void {
  const before = secret.stages[stage];
  secret.stages[stage] = version;
  if (stage === 'AWSCURRENT' && before !== undefined) secret.stages['AWSPREVIOUS'] = before;
}

function describe({ arn, name, tags, stages }: Secret): SecretDescription {
  return { arn, name, tags: { ...tags }, stages: { ...stages } };
}

function refusal(name: string, message: string): RenewalFailure {
  return new RenewalFailure('aws-refused', message, { details: { aws: { name, operation: 'memory' } } });
}
