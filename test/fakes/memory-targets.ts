import { X509Certificate } from 'node:crypto';
import { RenewalFailure } from '../../lambdas/core/failure.ts';
import type { CertificateTargets, TagChanges, TargetPair } from '../../lambdas/renewal/ports/certificate-targets.ts';

/** ACM in a map. Passes `certificate-targets.contract.ts`, and lets a test see what is inside. */
export class MemoryTargets implements CertificateTargets {
  readonly #imports = new Map<string, Import>();
  readonly #inUse = new Set<string>();
  #made = 0;

  /** What is imported, by ARN. */
  get imports(): ReadonlyMap<string, Import> {
    return this.#imports;
  }

  /** Somebody deletes it, in use or not. */
  delete(arn: string): void {
    this.#imports.delete(arn);
  }

  /** Something uses it from now on, or no longer. */
  markInUse(arn: string, inUse = true): void {
    if (inUse) this.#inUse.add(arn);
    else this.#inUse.delete(arn);
  }

  async find(region: string, tags: Readonly<Record<string, string>>, domainName: string): Promise<string[]> {
    const wanted = Object.entries(tags);
    const found = [...this.#imports].filter(
      ([, known]) =>
        known.region === region &&
        namesOf(known.pair).includes(domainName) &&
        wanted.every(([key, value]) => known.tags[key] === value),
    );
    return found.map(([arn]) => arn);
  }

  async import(
    region: string,
    pair: TargetPair,
    to: { readonly arn: string } | { readonly tags: Readonly<Record<string, string>> },
  ): Promise<string> {
    if ('tags' in to) {
      this.#made += 1;
      const arn = `arn:aws:acm:${region}:123456789012:certificate/${this.#made}`;
      this.#imports.set(arn, { region, pair, tags: to.tags });
      return arn;
    }
    const known = this.#imports.get(to.arn);
    if (known?.region !== region) throw new RenewalFailure('target-gone', `${region} has no certificate ${to.arn}`);
    if (keyOf(known.pair) !== keyOf(pair)) {
      throw new RenewalFailure('target-refused', `the key of ${to.arn} is ${keyOf(known.pair)}, not ${keyOf(pair)}`);
    }
    this.#imports.set(to.arn, { ...known, pair });
    return to.arn;
  }

  async retag(region: string, arn: string, { set, remove }: TagChanges): Promise<void> {
    const known = this.#imports.get(arn);
    if (known?.region !== region) return;
    const kept = Object.entries(known.tags).filter(
      ([key, value]) => !remove.some((tag) => tag[0] === key && tag[1] === value),
    );
    this.#imports.set(arn, { ...known, tags: { ...Object.fromEntries(kept), ...set } });
  }

  async serialNumber(region: string, arn: string): Promise<string | undefined> {
    const known = this.#imports.get(arn);
    return known?.region === region ? leafOf(known.pair).serialNumber.toLowerCase() : undefined;
  }

  async remove(region: string, arn: string): Promise<'removed' | 'in-use'> {
    if (this.#imports.get(arn)?.region !== region) return 'removed';
    if (this.#inUse.has(arn)) return 'in-use';
    this.#imports.delete(arn);
    return 'removed';
  }
}

interface Import {
  readonly region: string;
  readonly pair: TargetPair;
  readonly tags: Readonly<Record<string, string>>;
}

function leafOf(pair: TargetPair): X509Certificate {
  return new X509Certificate(pair.certificate);
}

function namesOf(pair: TargetPair): string[] {
  return (leafOf(pair).subjectAltName ?? '').split(', ').map((name) => name.replace(/^DNS:/, ''));
}

function keyOf(pair: TargetPair): string {
  const { asymmetricKeyType, asymmetricKeyDetails } = leafOf(pair).publicKey;
  return `${asymmetricKeyType} ${asymmetricKeyDetails?.namedCurve ?? asymmetricKeyDetails?.modulusLength}`;
}
