/**
 * Where all state of record lives: named secrets with immutable versions, staging labels and tags.
 * The words and the guarantees are those of AWS Secrets Manager; nothing here knows what a certificate is.
 *
 * - `describe`, `describeScheduled` and `read` MUST show what this vault has written a moment ago, unless somebody else has
 *   written over it since.
 * - What others have written they MAY show some seconds later. The writes with a condition (`create`, `put`, `moveStage`)
 *   MUST be decided by what is there.
 */
export interface SecretVault {
  /**
   * Every secret that carries `tag` with exactly `value`, as the listing shows it.
   *
   * - MUST page to the end and MUST return exact matches only (the service's filters match prefixes).
   * - MAY be minutes old: whoever acts on an entry describes the secret again first.
   * - MUST NOT return secrets that are scheduled for deletion.
   */
  list(tag: string, value: string): AsyncIterable<SecretDescription>;

  /**
   * The secret, by name or ARN; `undefined` when there is none or it is scheduled for deletion.
   */
  describe(id: string): Promise<SecretDescription | undefined>;

  /**
   * The value of one version; `undefined` when the secret or the version does not exist.
   * A version whose value is binary is returned as UTF-8 text.
   */
  read(id: string, versionId: string): Promise<string | undefined>;

  /**
   * Creates a secret with its first version, which becomes AWSCURRENT.
   * MUST answer `exists`, and change nothing, when the name is taken, also by a secret that is scheduled for
   * deletion. Repeating a call with the same token and value MUST NOT create a second version.
   */
  create(secret: NewSecret): Promise<'created' | 'exists'>;

  /**
   * Writes one version and puts `stage` on it: a create-once write.
   *
   * - MUST answer `taken`, and change nothing, when a version with this id exists with a different value.
   * - MUST answer `written` when it exists with the same value, so that a repetition after a lost answer is
   *   harmless; it MAY then leave `stage` where it is.
   * - MUST NOT move AWSCURRENT unless `stage` is AWSCURRENT.
   */
  put(version: NewVersion): Promise<'written' | 'taken'>;

  /**
   * Moves a staging label from one version to another: a compare-and-swap.
   *
   * - MUST answer `lost`, and change nothing, when the label is not on `from` (and not yet on `to`).
   * - MUST answer `moved` when it already is on `to`, so that a repetition after a lost answer is harmless.
   * - Moving AWSCURRENT MUST put AWSPREVIOUS on `from`.
   */
  moveStage(move: StageMove): Promise<'moved' | 'lost'>;

  /** Sets the given tags and leaves all others. */
  tag(id: string, tags: Readonly<Record<string, string>>): Promise<void>;

  /** Removes the given tag keys; a key that is not there is no error. */
  untag(id: string, keys: readonly string[]): Promise<void>;

  /** The secret, by name or ARN, if it is scheduled for deletion; `undefined` otherwise. */
  describeScheduled(id: string): Promise<SecretDescription | undefined>;

  /**
   * Schedules the deletion, after the service's usual recovery window. Repeating it is harmless, and a secret that does
   * not exist is no error.
   */
  scheduleDeletion(id: string): Promise<void>;

  /** Takes a scheduled deletion back: versions, labels and tags are as before. Repeating it is harmless. */
  restore(id: string): Promise<void>;
}

export interface SecretDescription {
  readonly arn: string;
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Staging label to version id, for example `{ AWSCURRENT: '…', ACME_PENDING: '…' }`. */
  readonly stages: Readonly<Record<string, string>>;
}

export interface NewSecret {
  readonly name: string;
  readonly description: string;
  readonly value: string;
  /** The first version's id: 32 to 64 characters. */
  readonly token: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface NewVersion {
  readonly id: string;
  readonly value: string;
  /** The version's id (AWS: ClientRequestToken): 32 to 64 characters. */
  readonly token: string;
  readonly stage: string;
}

export interface StageMove {
  readonly id: string;
  readonly stage: string;
  readonly to: string;
  readonly from: string;
}
