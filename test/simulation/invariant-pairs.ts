import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { PairValue } from '../../lambdas/core/secret-value.ts';
import { tagsOf } from '../sandbox/inspect.ts';
import { type Invariant, mayChangeSecrets } from './invariant.ts';
import { livePair, notAfterOf, problemOf, sameSet, satisfies, specOf } from './pairs.ts';
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

export const livePairMatches: Invariant = (world) => ({
  effect: onNewPair(world, (_, now) => now && problemOf(now)),
});

/**
 * Another one than before is better: it lasts longer, and satisfies the spec if the one before did. A spec that was changed back
 * may reinstate a pair that ends sooner, as the one that is replaced doesn't satisfy it.
 */
export const neverWorse: Invariant = (world) => ({
  effect: onNewPair(world, (name, now, before) => {
    if (!before) return undefined;
    if (!now) return 'there was a live pair, and now there is none';
    const spec = specOf(world, name);
    const isReinstated = spec && satisfies(now, spec) && !satisfies(before, spec);
    if (notAfterOf(now) <= notAfterOf(before) && !isReinstated)
      return 'the new live pair does not last longer than the old one';
    const wanted = spec?.domainNames ?? [];
    if (sameSet(before.domainNames, wanted) && !sameSet(now.domainNames, wanted))
      return 'the old live pair was for the names of the spec, and the new one is not';
    return undefined;
  }),
});

/** No secret goes away, the pair before is kept, and so is the key of each certificate that is issued. */
export const nothingLost: Invariant = (world) => {
  const { sandbox, scenario } = world;
  const live = new Map(scenario.fleet.map(({ name }) => [name, liveVersion(world, name)]));
  /** The last one for the key type of the spec: a stack deletes the one of the type before. */
  const arns = new Map<string, string>();
  let issued = sandbox.ca.certificates.length;
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
    const lost = fresh.find(({ publicKey, names }) => {
      const keys = scenario.fleet.flatMap(({ name }) => privateKeysOf(world, name));
      return names.length > 0 && !keys.some((key) => createPublicKey(createPrivateKey(key)).equals(publicKey));
    });
    return lost && `nobody has the key of the certificate for ${lost.names} that was just issued`;
  };
  return {
    effect: (operation) => {
      const found = operation.startsWith('acme:') ? keyLost() : undefined;
      if (found || !mayChangeSecrets(operation)) return found;
      return scenario.fleet.map(({ name }) => gone(name)).find((each) => each !== undefined);
    },
    end: () => {
      const present = new Set(
        ['eu-central-1', 'us-east-1'].flatMap((region) => sandbox.acm.certificates(region)).map(({ arn }) => arn),
      );
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
