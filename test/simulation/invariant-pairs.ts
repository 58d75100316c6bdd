import { createPrivateKey, createPublicKey } from 'node:crypto';
import { MINUTE, SECOND } from '../../lambdas/core/duration.ts';
import { lifetimeRenewal } from '../../lambdas/core/lifetime.ts';
import type { PairValue } from '../../lambdas/core/secret-value.ts';
import { tagsOf } from '../sandbox/inspect.ts';
import { type Invariant, mayChangeSecrets } from './invariant.ts';
import {
  holderOf,
  isRevoked,
  livePair,
  notAfterOf,
  problemOf,
  type StoredSpec,
  satisfies,
  specOf,
  validityOf,
} from './pairs.ts';
import { secretOf, type World } from './world.ts';

/** Calls back whenever another version of a certificate has become the live one. */
function onNewPair(
  world: World,
  check: (name: string, now: PairValue | undefined, before: PairValue | undefined) => string | undefined,
): (operation: string) => string | undefined {
  const seen = new Map(world.scenario.fleet.map(({ name }) => [name, liveVersion(world, name)]));
  const pairs = new Map(world.scenario.fleet.map(({ name }) => [name, livePair(world, name)]));
  return (operation) => {
    if (!mayChangeSecrets(operation)) return undefined;
    for (const { name } of world.scenario.fleet) {
      const version = liveVersion(world, name);
      if (version === seen.get(name)) continue;
      const before = pairs.get(name);
      const now = livePair(world, name);
      seen.set(name, version);
      pairs.set(name, now);
      world.events.note(`new live version of ${name}`);
      const found = check(name, now, before);
      if (found) return `${name}: ${found}`;
    }
    return undefined;
  };
}

function liveVersion({ sandbox }: World, name: string): string | undefined {
  return sandbox.secretsManager.versionId(secretOf(name), 'AWSCURRENT');
}

function specSince({ sandbox }: World, name: string): number {
  const secret = sandbox.secretsManager.secret(secretOf(name));
  return secret?.versions.find(({ id }) => id === secret.stages['ACME_SPEC'])?.createdAt ?? 0;
}

export const livePairMatches: Invariant = (world) => ({
  effect: onNewPair(world, (_, now) => now && problemOf(now)),
});

const ACM_REGIONS = ['eu-central-1', 'us-east-1'];

/** A lease, the longest time for which a request is held up, and the difference of two clocks: a run may have decided before. */
const A_RUN = 40 * MINUTE;

/** A run that looks at the spec before a pair goes live sees one that is as old as this, and is done by then. */
const SEEN_BY = 20 * SECOND;

/**
 * Another one than before is better: it lasts longer, and satisfies the spec if the one before did and had not expired. A spec that
 * was changed back may reinstate a pair that ends sooner, as the one that is replaced doesn't satisfy it; but none that is due. A
 * spec that is newer than the run's look at it (`isNew`) may be missed.
 */
export function whyWorse(
  now: PairValue,
  before: PairValue,
  spec: StoredSpec | undefined,
  at: number,
  isNew = false,
): string | undefined {
  const isReinstated = spec && satisfies(now, spec) && !satisfies(before, spec);
  if (notAfterOf(now) <= notAfterOf(before)) {
    if (!isReinstated) return 'the new live pair does not last longer than the old one';
    if (lifetimeRenewal(validityOf(now)) < at - A_RUN) return 'a pair was reinstated that is due';
  }
  if (spec && !isNew && notAfterOf(before) > at && satisfies(before, spec) && !satisfies(now, spec))
    return 'the old live pair had the names and the key type of the spec, and the new one has not';
  return undefined;
}

export const neverWorse: Invariant = (world) => {
  const { clock, acm } = world.sandbox;
  /** When a request was sent that is held up until the moment which is the key. */
  const sent = new Map<number, number>();
  const becomesLive = onNewPair(world, (name, now, before) => {
    if (!before) return undefined;
    if (!now) return 'there was a live pair, and now there is none';
    const at = clock.now();
    const isNew = specSince(world, name) > (sent.get(at) ?? at) - SEEN_BY;
    const worse = whyWorse(now, before, specOf(world, name), at, isNew);
    return worse ?? (isRevoked(world.sandbox, now) ? 'the new live pair is revoked' : undefined);
  });
  /** By ARN: serial numbers. */
  const imported = new Map<string, string>();
  /** When imports get through that were held up: another run may have come first. */
  const late: number[] = [];
  const becomesImported = () => {
    const live = world.scenario.fleet.map(({ name }) => livePair(world, name)?.issued.serialNumber);
    for (const { arn, serial } of ACM_REGIONS.flatMap((region) => acm.certificates(region))) {
      const [before, now] = [imported.get(arn), serial.replaceAll(':', '').toLowerCase()];
      imported.set(arn, now);
      if (before && before !== now && live.includes(before) && !late.includes(clock.now()))
        return `${now} was imported over ${before}, which is live, as ${arn}`;
    }
    return undefined;
  };
  return {
    hit: (operation, { delay }) => {
      if (operation === 'acm:ImportCertificate' && delay) late.push(clock.now() + delay);
      if (operation === 'secretsmanager:UpdateSecretVersionStage' && delay) sent.set(clock.now() + delay, clock.now());
    },
    effect: (operation) => (operation === 'acm:ImportCertificate' ? becomesImported() : becomesLive(operation)),
  };
};

/**
 * No secret goes away, the pair before is kept, and so is the key of each certificate that is issued, unless its spec has been
 * changed after it was asked for.
 */
export const nothingLost: Invariant = (world) => {
  const { sandbox, scenario } = world;
  const live = new Map(scenario.fleet.map(({ name }) => [name, liveVersion(world, name)]));
  /** The last one for the key type of the spec: a stack deletes the one of the type before. */
  const arns = new Map<string, string>();
  let issued = sandbox.ca.certificates.length;
  /** Whose finalized orders are, and the version of the spec that they are for. */
  const finalized = new Map<number, { readonly name: string; readonly spec: string }>();
  const noteFinalized = () => {
    for (const { id, url } of sandbox.ca.finalizedOrders()) {
      const name = finalized.has(id) ? undefined : holderOf(world, url);
      const pending = name && sandbox.secretsManager.value(secretOf(name), 'ACME_PENDING');
      if (name && pending) finalized.set(id, { name, spec: (JSON.parse(pending) as { readonly spec: string }).spec });
    }
  };
  const isOfOldSpec = (orderId: number) => {
    const { name = '', spec } = finalized.get(orderId) ?? {};
    return spec !== undefined && sandbox.secretsManager.versionId(secretOf(name), 'ACME_SPEC') !== spec;
  };
  const gone = (name: string) => {
    const secret = sandbox.secretsManager.secret(secretOf(name));
    if (!secret) return `the secret of ${name} does not exist`;
    if (secret.deletionAt !== undefined) return `the secret of ${name} is scheduled for deletion`;
    const [before, now] = [live.get(name), secret.stages['AWSCURRENT']];
    live.set(name, now);
    if (before !== now && secret.stages['AWSPREVIOUS'] !== before)
      return `the pair of ${name} before this one is not kept`;
    const { key = 'ecdsa-p256' } = specOf(world, name) ?? {};
    for (const [region, { arn, key: type }] of Object.entries(tagsOf(sandbox, name).acm))
      if (type === key) arns.set(`${name} ${region}`, arn);
    return undefined;
  };
  const keyLost = () => {
    const fresh = sandbox.ca.certificates.slice(issued);
    issued = sandbox.ca.certificates.length;
    const lost = fresh.find(({ publicKey, names, orderId }) => {
      const keys = scenario.fleet.flatMap(({ name }) => privateKeysOf(world, name));
      const isKept = keys.some((key) => createPublicKey(createPrivateKey(key)).equals(publicKey));
      return names.length > 0 && !isKept && !isOfOldSpec(orderId);
    });
    return lost && `nobody has the key of the certificate for ${lost.names} that was just issued`;
  };
  return {
    effect: (operation) => {
      if (operation === 'acme:finalize') noteFinalized();
      const found = operation.startsWith('acme:') ? keyLost() : undefined;
      if (found || !mayChangeSecrets(operation)) return found;
      return scenario.fleet.map(({ name }) => gone(name)).find((each) => each !== undefined);
    },
    end: () => {
      const present = new Set(ACM_REGIONS.flatMap((region) => sandbox.acm.certificates(region)).map(({ arn }) => arn));
      const lost = [...arns.values()].find((arn) => !present.has(arn));
      return lost && `the ACM certificate ${lost} does not exist any more`;
    },
  };
};

function privateKeysOf({ sandbox }: World, name: string): readonly string[] {
  const secret = sandbox.secretsManager.secret(secretOf(name));
  return Object.values(secret?.stages ?? {}).flatMap((version) => {
    const value = sandbox.secretsManager.value(secretOf(name), version) ?? '{}';
    const { privateKey } = JSON.parse(value) as { readonly privateKey?: string };
    return privateKey ? [privateKey] : [];
  });
}
