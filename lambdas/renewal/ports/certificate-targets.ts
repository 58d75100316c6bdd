/**
 * Places other than the secret that a key pair is published to: AWS Certificate Manager, region by region.
 */
export interface CertificateTargets {
  /**
   * Finds the imports that carry all of `tags` in the region, by ARN: the one that a dead run left behind before its ARN
   * was recorded. MUST look at every import whatever its key type, MUST page to the end, and MUST NOT return a
   * certificate that carries other values of these tags. `domainName` is the first name of the certificate and MAY be used
   * to ask less.
   */
  find(region: string, tags: Readonly<Record<string, string>>, domainName: string): Promise<readonly string[]>;

  /**
   * Imports a pair: anew with `tags`, or over the existing `arn`, which keeps its tags.
   * MUST throw `RenewalFailure` `target-refused` with the service's own words when the pair can't replace the
   * imported one (its key type is frozen), `target-gone` when `arn` no longer exists.
   */
  import(
    region: string,
    pair: TargetPair,
    to: { readonly arn: string } | { readonly tags: Readonly<Record<string, string>> },
  ): Promise<string>;

  /**
   * Sets `set` and removes each of `remove` that still has the given value; leaves all other tags alone. MUST NOT fail for an
   * import that is gone. Repeating it is harmless.
   */
  retag(region: string, arn: string, changes: TagChanges): Promise<void>;

  /** The serial number of what is imported, in lower-case hex without separators; `undefined` when `arn` is gone. */
  serialNumber(region: string, arn: string): Promise<string | undefined>;

  /**
   * Deletes an import. MUST answer `in-use`, and change nothing, while something uses it; one that is gone already is
   * `removed`.
   */
  remove(region: string, arn: string): Promise<'removed' | 'in-use'>;
}

export interface TagChanges {
  readonly set: Readonly<Record<string, string>>;
  /** Keys and the values that they had: a key may be there several times. */
  readonly remove: readonly (readonly [key: string, value: string])[];
}

export interface TargetPair {
  /** The leaf alone, PEM. */
  readonly certificate: string;
  /** The intermediates, PEM, leaf's issuer first; may be empty. */
  readonly chain: string;
  /** PKCS#8 PEM. */
  readonly privateKey: string;
}
