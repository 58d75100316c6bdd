import { createPrivateKey, X509Certificate } from 'node:crypto';
import { HOUR, SECOND } from '../../lambdas/core/duration.ts';
import { lifetimeRenewal, type Validity } from '../../lambdas/core/lifetime.ts';
import type { PairValue } from '../../lambdas/core/secret-value.ts';
import { tagsOf } from '../sandbox/inspect.ts';
import { secretOf, type World } from './world.ts';

/** The live pair as a consumer reads it; `undefined` before the first issuance. */
export function livePair({ sandbox }: Pick<World, 'sandbox'>, name: string): PairValue | undefined {
  const value = sandbox.secretsManager.value(secretOf(name));
  if (!value?.includes('privateKey')) return undefined;
  return JSON.parse(value) as PairValue;
}

export function notAfterOf({ certificate }: PairValue): number {
  const known = ends.get(certificate);
  if (known !== undefined) return known;
  const end = Date.parse(new X509Certificate(certificate).validTo);
  ends.set(certificate, end);
  return end;
}

/** By PEM: reading one is slow, and they are looked at every simulated hour. */
const ends = new Map<string, number>();

/** What is wrong with a pair in itself. */
export function problemOf({ certificate, chain, privateKey, domainNames }: PairValue): string | undefined {
  const leaf = new X509Certificate(certificate);
  if (!leaf.checkPrivateKey(createPrivateKey(privateKey))) return 'the live key does not match the live certificate';
  const issuer = new X509Certificate(chain);
  if (!leaf.verify(issuer.publicKey)) return 'the live certificate was not signed by the first one of its chain';
  const names = namesIn(leaf);
  return sameSet(names, domainNames) ? undefined : `the live certificate is for ${names} and not for ${domainNames}`;
}

function namesIn({ subjectAltName = '' }: X509Certificate): readonly string[] {
  return subjectAltName.split(', ').map((name) => name.replace('DNS:', ''));
}

export function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify(a.toSorted()) === JSON.stringify(b.toSorted());
}

export interface StoredSpec {
  readonly domainNames: readonly string[];
  readonly key?: string;
  readonly reuseKey?: boolean;
  readonly acm?: readonly string[];
}

export function specOf({ sandbox }: Pick<World, 'sandbox'>, name: string): StoredSpec | undefined {
  const value = sandbox.secretsManager.value(secretOf(name), 'ACME_SPEC');
  return value === undefined ? undefined : (JSON.parse(value) as StoredSpec);
}

/** The certificate that an order's URL is stored with, in a tag or in the pending version. */
export function holderOf({ sandbox, scenario }: Pick<World, 'sandbox' | 'scenario'>, url: string): string | undefined {
  return scenario.fleet.find(({ name }) => {
    const pending = sandbox.secretsManager.value(secretOf(name), 'ACME_PENDING') ?? '';
    return (
      sandbox.secretsManager.secret(secretOf(name))?.tags['evercert:order'] === url || pending.includes(`"${url}"`)
    );
  })?.name;
}

const CURVES: Readonly<Record<string, string>> = { 'ecdsa-p256': 'prime256v1', 'ecdsa-p384': 'secp384r1' };

/** Whether a pair has the names and the key type of a spec. */
export function satisfies({ domainNames, privateKey }: PairValue, spec: StoredSpec): boolean {
  const curve = createPrivateKey(privateKey).asymmetricKeyDetails?.namedCurve;
  return sameSet(domainNames, spec.domainNames) && curve === CURVES[spec.key ?? 'ecdsa-p256'];
}

/** The CA's window for a renewal is a fiftieth of the lifetime around the moment of the lifetime rule. */
function suggestible({ notBefore, notAfter }: Validity): number {
  return (notAfter - notBefore) / 100 + SECOND;
}

export function validityOf({ issued }: PairValue): Validity {
  return { notBefore: Date.parse(issued.notBefore), notAfter: Date.parse(issued.notAfter) };
}

/** Some hours after the window. */
function overdueAt(pair: PairValue): number {
  const validity = validityOf(pair);
  return lifetimeRenewal(validity) + suggestible(validity) + 3 * HOUR;
}

export function isRevoked({ ca }: World['sandbox'], pair: PairValue | undefined): boolean {
  return ca.certificates.some(({ serial, revoked }) => revoked && serial === pair?.issued?.serialNumber);
}

/** Whether a certificate is as its owner wants it: valid, not revoked and not overdue, with the names and the key type of its spec, in ACM, and described by its tags. */
export function isInOrder(world: World, name: string): boolean {
  const { sandbox } = world;
  const pair = livePair(world, name);
  const spec = specOf(world, name);
  if (!pair || !spec || problemOf(pair) !== undefined) return false;
  const now = sandbox.clock.now();
  const { acm } = tagsOf(sandbox, name);
  const { serialNumber } = pair.issued ?? {};
  return (
    now < notAfterOf(pair) &&
    !isRevoked(sandbox, pair) &&
    now < overdueAt(pair) &&
    satisfies(pair, spec) &&
    isDescribed(world, name, pair) &&
    (spec.acm ?? []).every((region) => {
      const { arn, serial: described } = acm[region] ?? {};
      const imported = sandbox.acm.certificates(region).find((each) => each.arn === arn);
      return described === serialNumber && imported?.serial.replaceAll(':', '').toLowerCase() === serialNumber;
    })
  );
}

/**
 * Whether the tags say what is live, for which spec, and when it renews, and nothing of a failure that is over. A seed ends before
 * most of them are used again. No spec of the simulation has a `renewBefore`.
 */
function isDescribed({ sandbox }: World, name: string, { certificate }: PairValue): boolean {
  const { state, version, spec, serial, renewBy, renewAt = 0, failure, retryAt, ...tags } = tagsOf(sandbox, name);
  const stages = sandbox.secretsManager.secret(secretOf(name))?.stages ?? {};
  const leaf = new X509Certificate(certificate);
  const validity = { notBefore: leaf.validFromDate.getTime(), notAfter: leaf.validToDate.getTime() };
  const byLifetime = lifetimeRenewal(validity);
  return (
    state === 'issued' &&
    version === stages['AWSCURRENT'] &&
    spec === stages['ACME_SPEC'] &&
    serial === leaf.serialNumber.toLowerCase() &&
    tags.notBefore === validity.notBefore &&
    tags.notAfter === validity.notAfter &&
    renewBy === byLifetime &&
    Math.abs(renewAt - byLifetime) <= suggestible(validity) &&
    failure === undefined &&
    retryAt === undefined
  );
}
