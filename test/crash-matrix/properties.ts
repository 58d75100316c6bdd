import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { findKeyMaterial } from '../key-material.ts';
import { live, tagsOf } from '../sandbox/inspect.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { ISSUER, NAME, REGIONS, type Scenario } from './scenario.ts';

/** What must hold when the schedule has had its time, whatever happened before. Each returns what is wrong. */
export const PROPERTIES = {
  'one new live pair': ({ sandbox, before }) => {
    const pair = live(sandbox, NAME);
    if (!pair.privateKey) return 'there is no live pair';
    if (JSON.stringify(pair) === before) return 'the live pair is the old one';
    if (!new X509Certificate(pair.certificate).checkPrivateKey(createPrivateKey(pair.privateKey)))
      return 'the live key does not match the live certificate';
    const { state, serial } = tagsOf(sandbox, NAME);
    if (state !== 'issued' || serial !== pair.issued.serialNumber)
      return `the tags say ${state} of ${serial}, and ${pair.issued.serialNumber} is live`;
    return undefined;
  },
  'one finalized order': ({ sandbox, finalizedBefore }) => {
    const finalized = sandbox.ca.finalizedOrders().length - finalizedBefore;
    return finalized === 1 ? undefined : `${finalized} orders were finalized`;
  },
  'one ACM certificate per region': ({ sandbox, importsBefore }) => {
    const { serialNumber } = live(sandbox, NAME).issued ?? {};
    const wrong = REGIONS.flatMap((region) => {
      const imports = sandbox.acm.certificates(region);
      const [only] = imports;
      const known = importsBefore[region];
      if (imports.length !== 1 || !only) return [`${region} has ${imports.length} certificates`];
      if (known !== undefined && only.arn !== known) return [`${region} has another ARN than before`];
      const serial = only.serial.replaceAll(':', '').toLowerCase();
      return serial === serialNumber ? [] : [`${region} has ${serial}, and ${serialNumber} is live`];
    });
    return wrong.join('; ') || undefined;
  },
  'the old pair in AWSPREVIOUS': ({ sandbox, before }) => {
    const previous = sandbox.secretsManager.value(`evercert/${NAME}`, 'AWSPREVIOUS');
    if (before === undefined) return previous?.includes('privateKey') ? 'a second pair has been live' : undefined;
    return previous !== undefined && JSON.stringify(JSON.parse(previous)) === before
      ? undefined
      : 'AWSPREVIOUS is not the pair from before';
  },
  'no TXT value of ours left': ({ sandbox }) => {
    const [zone] = sandbox.route53.zones();
    const left = sandbox.route53.records(zone?.id ?? '').filter(({ type }) => type === 'TXT');
    return left.length === 0 ? undefined : `left in DNS: ${left.map(({ name }) => name).join(', ')}`;
  },
  'what was to be revoked is revoked': ({ sandbox, revoked: wanted }) => {
    const revoked = sandbox.ca.certificates.flatMap((each) => (each.revoked ? [each.serial] : []));
    return revoked.join() === (wanted ?? '') ? undefined : `revoked is ${revoked}, and should be ${wanted}`;
  },
  'no revoked pair is live': ({ sandbox, before, revoked, momentary }) => {
    const publicKey = (pem: string) => createPublicKey(pem).export({ type: 'spki', format: 'pem' });
    const { privateKey } = live(sandbox, NAME);
    const old = revoked === undefined ? undefined : (JSON.parse(before ?? '{}') as { privateKey: string }).privateKey;
    const isBack = old !== undefined && privateKey && publicKey(privateKey) === publicKey(old);
    return isBack ? 'the compromised key is live' : momentary[0];
  },
  'the account can be used': ({ sandbox, work }) => {
    const { accountKey } = JSON.parse(sandbox.secretsManager.value(ISSUER) ?? '{}') as { accountKey: string };
    const { x, y } = createPublicKey(accountKey).export({ format: 'jwk' });
    const [account, ...others] = sandbox.ca.accounts;
    const known = account?.key.jwk;
    if (others.length > 0) return `there are ${others.length} more accounts`;
    if (known?.['x'] !== x || known?.['y'] !== y) return 'the account has another key than the one that is stored';
    const before = sandbox.secretsManager.value(ISSUER, 'AWSPREVIOUS');
    return work === 'key rollover' && before === undefined ? 'the account has its old key' : undefined;
  },
  'nothing secret outside': ({ sandbox }) => keyMaterialOutside(sandbox),
} as const satisfies Record<string, (scenario: Scenario) => string | undefined>;

export type Property = keyof typeof PROPERTIES;

export interface Violation {
  readonly property: Property | 'no defect of the sandbox';
  readonly found: string;
}

export function violations(scenario: Scenario): readonly Violation[] {
  const found = Object.entries(PROPERTIES).flatMap(([property, check]): Violation[] => {
    const wrong = check(scenario);
    return wrong === undefined ? [] : [{ property: property as Property, found: wrong }];
  });
  const bugs = scenario.sandbox
    .bugs()
    .map((bug): Violation => ({ property: 'no defect of the sandbox', found: String(bug) }));
  return [...found, ...bugs];
}

/** Where key material of any secret shows outside of the secrets: in what is logged or printed, in Lambda, in tags, in what else is given. */
export function keyMaterialOutside(sandbox: Sandbox, others: object = {}): string | undefined {
  const found = findKeyMaterial(
    {
      log: sandbox.log,
      printed: sandbox.printed,
      invocations: sandbox.lambda.invocations,
      executions: sandbox.lambda.executions,
      tags: allTags(sandbox),
      ...others,
    },
    keysOf(sandbox),
  );
  return found.length === 0 ? undefined : `key material at ${found.join(', ')}`;
}

function allTags({ secretsManager }: Sandbox): unknown {
  return secretsManager.secrets().map(({ tags }) => tags);
}

function keysOf({ secretsManager }: Sandbox): readonly string[] {
  const values = JSON.stringify(secretsManager.secrets().flatMap(({ name }) => secretsManager.history(name)));
  const pems = values.match(/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----/g) ?? [];
  return pems.map((pem) => pem.replaceAll(/\\+n/g, '\n'));
}
