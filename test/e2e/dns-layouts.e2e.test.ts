import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CertificateSpecInput } from '../../lambdas/core/certificate-spec.ts';
import { DAY, HOUR, MINUTE } from '../../lambdas/core/duration.ts';
import type { RenewalFailure } from '../../lambdas/core/failure.ts';
import { tagsOf } from '../sandbox/inspect.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';

const PARTNER = '210987654321';
const PARTNER_ROLE = { roleArn: `arn:aws:iam::${PARTNER}:role/evercert-dns`, externalId: 'evercert-1' };
const NAMES = ['leane.dev', '*.leane.dev'];

let sandbox: Sandbox;

beforeEach(async () => {
  sandbox = await startSandbox();
  await sandbox.deployIssuer();
});

afterEach(async () => {
  expect(sandbox.bugs()).toEqual([]);
  await sandbox.stop();
});

const renewal = (domainNames: readonly string[], dns: CertificateSpecInput['dns'] = {}, certificate = 'cert') =>
  sandbox.renew({ certificate, spec: { domainNames: [...domainNames], issuer: 'sandbox', dns } });
const failure = (work: Promise<unknown>): Promise<RenewalFailure> =>
  work.then(
    () => expect(undefined).toBe('a failure'),
    (error: unknown) => error,
  ) as Promise<RenewalFailure>;
const put = (zoneId: string, name: string, type: string, ...values: string[]) =>
  sandbox.route53.put(zoneId, { name, type, ttl: 60, values });
const changed = () => sandbox.calls.of('route53:ChangeResourceRecordSets');
const warnings = () => sandbox.log.filter(({ level }) => level === 'warn').map(({ message }) => message);
const challenges = (zoneId: string) => sandbox.route53.records(zoneId).filter(({ type }) => type === 'TXT');
const expectNothingOrdered = () => {
  expect(sandbox.ca.orders).toEqual([]);
  expect(changed()).toBe(0);
};

describe('the zone', () => {
  it('is the one with the longest suffix, behind a hundred others and private ones', async () => {
    for (let index = 0; index < 120; index += 1) sandbox.route53.createZone(`zone-${index}.dev`);
    sandbox.route53.createZone('leane.dev');
    sandbox.route53.createZone('app.leane.dev', { privateZone: true });
    const { id } = sandbox.route53.createZone('sub.leane.dev');
    await renewal(['www.sub.leane.dev']);
    expect(sandbox.ca.finalizedOrders()).toHaveLength(1);
    await renewal(['www.app.leane.dev'], {}, 'private');
    expect(sandbox.ca.finalizedOrders()).toHaveLength(2);
    expect(challenges(id)).toEqual([]);
  });

  it('is the delegated one of several with its name', async () => {
    sandbox.route53.createZone('leane.dev', { nameServers: ['ns-7.old.example'] });
    const { id } = sandbox.route53.createZone('leane.dev', { nameServers: ['ns-8.new.example'] });
    sandbox.route53.delegate('leane.dev', id);
    expect(await renewal(NAMES)).toMatchObject({ decision: 'renewed' });
  });

  it('is asked for with both ids when the delegation does not decide', async () => {
    const ids = [sandbox.route53.createZone('leane.dev').id, sandbox.route53.createZone('leane.dev').id];
    const { code, message } = await failure(renewal(NAMES));
    expect(code).toBe('no-hosted-zone');
    for (const part of [...ids, 'several of them has', 'dns.hostedZoneId']) expect(message).toContain(part);
    expectNothingOrdered();
    expect(await renewal(NAMES, { hostedZoneId: ids[0] })).toMatchObject({ decision: 'renewed' });
  });

  it('that is unknown is named with the account', async () => {
    const { code, message } = await failure(renewal(NAMES, { hostedZoneId: 'Z0123456789' }));
    expect(code).toBe('no-hosted-zone');
    expect(message).toContain('this account has no hosted zone Z0123456789');
    expectNothingOrdered();
  });

  it('is remembered from the last renewal: two calls and two looks at the change', async () => {
    sandbox.route53.createZone('leane.dev');
    await renewal(NAMES);
    await sandbox.clock.advance(61 * DAY);
    sandbox.calls.reset();
    await sandbox.renew({ certificate: 'cert' });
    expect(sandbox.calls.by('route53')).toEqual({ ChangeResourceRecordSets: 2, GetChange: 2 });
  });

  it('is looked for again when the remembered one is no longer delegated', async () => {
    const old = sandbox.route53.createZone('leane.dev', { nameServers: ['ns-7.old.example'] });
    await renewal(NAMES);
    await sandbox.clock.advance(61 * DAY);
    const { id } = sandbox.route53.createZone('leane.dev', { nameServers: ['ns-8.new.example'] });
    sandbox.route53.delegate('leane.dev', id);
    sandbox.route53.deleteZone(old.id);
    expect(await sandbox.renew({ certificate: 'cert' })).toMatchObject({ decision: 'renewed' });
  });
});

describe('white-label name servers', () => {
  const delegateTo = (id: string, address: string) => {
    put(id, 'leane.dev', 'NS', 'ns1.leane.dev.', 'ns2.leane.dev.');
    for (const name of ['ns1.leane.dev', 'ns2.leane.dev']) put(id, name, 'A', address);
  };

  it('are the zone’s own where they have its addresses', async () => {
    delegateTo(sandbox.route53.createZone('leane.dev').id, sandbox.nameServer.host);
    expect(await renewal(NAMES)).toMatchObject({ decision: 'renewed' });
    expect(warnings()).toEqual([]);
  });

  it('are not where they have others', async () => {
    delegateTo(sandbox.route53.createZone('leane.dev').id, '192.0.2.1');
    expect(await failure(renewal(NAMES))).toMatchObject({ code: 'zone-not-delegated' });
    expectNothingOrdered();
  });

  it('tell which of several zones of one name is the delegated one', async () => {
    sandbox.route53.createZone('leane.dev', { nameServers: ['ns-7.old.example'] });
    const { id } = sandbox.route53.createZone('leane.dev');
    sandbox.route53.delegate('leane.dev', id);
    delegateTo(id, sandbox.nameServer.host);
    expect(await renewal(NAMES)).toMatchObject({ decision: 'renewed' });
  });
});

describe('before an order it is noticed', () => {
  it('that the zone is not the delegated one', async () => {
    sandbox.route53.createZone('leane.dev', { nameServers: ['ns-7.ours.example'] });
    const elsewhere = { account: '999999999999', nameServers: ['ns-1.provider.example'] };
    sandbox.route53.delegate('leane.dev', sandbox.route53.createZone('leane.dev', elsewhere).id);
    const { code, message } = await failure(renewal(NAMES));
    expect(code).toBe('zone-not-delegated');
    for (const part of ['ns-1.provider.example', 'ns-7.ours.example', 'Set the NS records']) {
      expect(message).toContain(part);
    }
    expectNothingOrdered();
  });

  it('that the zone is delegated to nobody', async () => {
    sandbox.route53.createZone('leane.dev');
    sandbox.route53.delegate('leane.dev', undefined);
    const { code, message } = await failure(renewal(NAMES));
    expect(code).toBe('zone-not-delegated');
    expect(message).toContain('is not delegated');
    expectNothingOrdered();
  });

  it('that a deeper zone is delegated to others', async () => {
    const { id } = sandbox.route53.createZone('leane.dev');
    put(id, 'sub.leane.dev', 'NS', 'ns-1.provider.example.');
    const foreign = { account: '999999999999', nameServers: ['ns-1.provider.example'] };
    sandbox.route53.createZone('sub.leane.dev', foreign);
    const { code, message } = await failure(renewal(['www.sub.leane.dev']));
    expect(code).toBe('zone-not-delegated');
    expect(message).toContain('sub.leane.dev is a zone of its own, delegated to ns-1.provider.example');
    expectNothingOrdered();
  });

  it.each<[string, readonly string[], string, RegExp]>([
    [
      'another CA',
      ['0 issue "digicert.com"'],
      'www.leane.dev',
      /let digicert\.com issue for www\.leane\.dev, and not this CA \(sandbox\.invalid\)/,
    ],
    [
      'no wildcards',
      ['0 issue "sandbox.invalid"', '0 issuewild ";"'],
      '*.leane.dev',
      /let no CA issue for \*\.leane\.dev/,
    ],
    [
      'another account',
      ['0 issue "sandbox.invalid; accounturi=https://ca.example/1"'],
      'leane.dev',
      /only for the account https:\/\/ca\.example\/1/,
    ],
    ['another method', ['0 issue "sandbox.invalid; validationmethods=http-01"'], 'leane.dev', /only by http-01/],
  ])('that CAA allows %s alone', async (_, values, name, words) => {
    const { id } = sandbox.route53.createZone('leane.dev');
    put(id, 'leane.dev', 'CAA', ...values);
    const { code, message } = await failure(renewal([name]));
    expect(code).toBe('caa-forbids');
    expect(message).toMatch(words);
    expectNothingOrdered();
  });

  it('that CAA allows this CA, nearer to the name than what forbids it', async () => {
    const { id } = sandbox.route53.createZone('leane.dev');
    put(id, 'leane.dev', 'CAA', '0 issue ";"');
    put(id, 'sub.leane.dev', 'CAA', '0 issue "sandbox.invalid; validationmethods=dns-01"');
    expect(await renewal(['www.sub.leane.dev'])).toMatchObject({ decision: 'renewed' });
  });

  it('nothing, and said so, when nobody answers', async () => {
    sandbox.route53.createZone('leane.dev');
    sandbox.nameServer.behaviour = 'refuse';
    expect(await renewal(NAMES)).toMatchObject({ decision: 'renewed' });
    expect(warnings().join()).toMatch(/the delegation of leane\.dev could not be checked: .*REFUSED/);
    expect(warnings().join()).toMatch(/CAA records for leane\.dev could not be looked up: REFUSED/);
    expect(warnings().join()).toMatch(
      /a CNAME record at _acme-challenge\.leane\.dev could not be looked for: .*REFUSED/,
    );
  });

  it('every problem at once', async () => {
    const { id } = sandbox.route53.createZone('leane.dev');
    put(id, 'leane.dev', 'CAA', '0 issue ";"');
    sandbox.route53.createZone('leane.net');
    sandbox.route53.delegate('leane.net', undefined);
    const { message } = await failure(renewal(['leane.dev', 'leane.net']));
    expect(message).toContain('hosted zone leane.net');
    expect(message).toContain('CAA records at leane.dev let no CA issue');
  });
});

describe('a CNAME record at the challenge', () => {
  let zoneId: string;
  let targetId: string;

  beforeEach(() => {
    zoneId = sandbox.route53.createZone('leane.dev').id;
    targetId = sandbox.route53.createZone('leane.net').id;
  });

  it('is followed into a zone that is ours, over three steps', async () => {
    put(zoneId, '_acme-challenge.leane.dev', 'CNAME', 'a.leane.dev.');
    put(zoneId, 'a.leane.dev', 'CNAME', 'b.leane.net.');
    put(targetId, 'b.leane.net', 'CNAME', '_acme-challenge.leane.net.');
    expect(await renewal(NAMES)).toMatchObject({ decision: 'renewed' });
    expect(challenges(targetId)).toEqual([]);
  });

  it('may lead several names to one target at the same time', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'].map((label) => `${label}.leane.dev`);
    for (const name of names) put(zoneId, `_acme-challenge.${name}`, 'CNAME', '_acme-challenge.leane.net.');
    const outcomes = await Promise.all([
      renewal(names.slice(0, 2), {}, 'both'),
      ...names.slice(2).map((name) => renewal([name], {}, name)),
    ]);
    expect(outcomes.map(({ decision }) => decision)).toEqual(Array(4).fill('renewed'));
    expect(challenges(targetId)).toEqual([]);
  });

  it('may lead to a listed target', async () => {
    put(zoneId, '_acme-challenge.leane.dev', 'CNAME', 'challenges.leane.net.');
    expect(await renewal(NAMES)).toMatchObject({ decision: 'renewed' });
  });

  it.each<[string, () => void, CertificateSpecInput['dns'], RegExp]>([
    [
      'to a name that may not be written',
      () => put(zoneId, '_acme-challenge.leane.dev', 'CNAME', 'acme.leane.net.'),
      {},
      /leads to acme\.leane\.net, which evercert may not write: .*_acme-challenge\.acme\.leane\.net.*cnameTargets/,
    ],
    [
      'out of our zones',
      () => put(zoneId, '_acme-challenge.leane.dev', 'CNAME', '_acme-challenge.other.example.'),
      {},
      /leads to _acme-challenge\.other\.example, which is in no zone that evercert manages/,
    ],
    [
      'in a circle',
      () => {
        put(zoneId, '_acme-challenge.leane.dev', 'CNAME', '_acme-challenge.leane.net.');
        put(targetId, '_acme-challenge.leane.net', 'CNAME', '_acme-challenge.leane.dev.');
      },
      {},
      /_acme-challenge\.leane\.dev -> _acme-challenge\.leane\.net -> _acme-challenge\.leane\.dev go in a circle/,
    ],
    [
      'over more than eight records',
      () => {
        for (let step = 0; step < 9; step += 1) {
          const from = step === 0 ? '_acme-challenge.leane.dev' : `_acme-challenge.${step}.leane.net`;
          put(step === 0 ? zoneId : targetId, from, 'CNAME', `_acme-challenge.${step + 1}.leane.net.`);
        }
      },
      {},
      /more than 8 CNAME records follow each other from _acme-challenge\.leane\.dev: shorten the chain/,
    ],
    [
      'anywhere, when the spec says so',
      () => put(zoneId, '_acme-challenge.leane.dev', 'CNAME', '_acme-challenge.leane.net.'),
      { followCname: false },
      /dns\.followCname is false/,
    ],
  ])('is refused when it leads %s, and other certificates go on', async (_, prepare, dns, words) => {
    prepare();
    const [refused, other] = await Promise.all([failure(renewal(NAMES, dns)), renewal(['www.leane.dev'], {}, 'other')]);
    expect(refused.code).toBe('cname-refused');
    expect(refused.message).toMatch(words);
    expect(other.decision).toBe('renewed');
    expect(sandbox.ca.orders).toHaveLength(1);
  });

  it('that a wildcard synthesizes is not followed: the TXT record takes its place', async () => {
    put(zoneId, '*.leane.dev', 'CNAME', 'lb.elb.amazonaws.com.');
    expect(await renewal(NAMES)).toMatchObject({ decision: 'renewed' });
    expect(sandbox.nameServer.queries.filter(({ name }) => name.endsWith('amazonaws.com'))).toEqual([]);
  });
});

describe('another account', () => {
  let zoneId: string;

  beforeEach(() => {
    zoneId = sandbox.route53.createZone('partner.example', { account: PARTNER }).id;
    sandbox.sts.trust(PARTNER_ROLE);
  });

  it('is entered once in a run, by the role of the zone', async () => {
    sandbox.calls.reset();
    expect(await renewal(['partner.example', 'a.partner.example'])).toMatchObject({ decision: 'renewed' });
    expect(sandbox.calls.by('sts')).toEqual({ AssumeRole: 1 });
    expect(challenges(zoneId)).toEqual([]);
  });

  it("is entered by the certificate's role, with its external id", async () => {
    sandbox.route53.createZone('leane.org', { account: PARTNER });
    expect(await renewal(['leane.org'], PARTNER_ROLE)).toMatchObject({ decision: 'renewed' });
  });

  it('may be where a CNAME record leads', async () => {
    const own = sandbox.route53.createZone('leane.dev').id;
    put(own, '_acme-challenge.leane.dev', 'CNAME', '_acme-challenge.leane.dev.partner.example.');
    expect(await renewal(NAMES)).toMatchObject({ decision: 'renewed' });
  });

  it('is entered again before the credentials end', async () => {
    await sandbox.stop();
    sandbox = await startSandbox({ settings: { leaseMinutes: 180, propagationMinutes: 120 }, execution: 'durable' });
    await sandbox.deployIssuer();
    sandbox.route53.createZone('partner.example', { account: PARTNER });
    sandbox.sts.trust(PARTNER_ROLE);
    sandbox.route53.settings.propagationMilliseconds = 70 * MINUTE;
    await renewal(['partner.example']);
    expect(tagsOf(sandbox, 'cert').state).toBe('issued');
    expect(sandbox.calls.of('sts:AssumeRole')).toBe(2);
  });

  it.each<[string, () => void, CertificateSpecInput['dns']]>([
    ['trusts nobody', () => sandbox.sts.distrust(PARTNER_ROLE.roleArn), {}],
    ['wants another external id', () => sandbox.sts.trust({ ...PARTNER_ROLE, externalId: 'another' }), {}],
  ])('that %s is named with its role, and other certificates go on', async (_, prepare, dns) => {
    prepare();
    sandbox.route53.createZone('leane.dev');
    const [refused, other] = await Promise.all([
      failure(renewal(['partner.example'], dns)),
      renewal(NAMES, {}, 'other'),
    ]);
    expect(refused.code).toBe('dns-role-refused');
    for (const part of [PARTNER, PARTNER_ROLE.roleArn, 'not authorized to perform: sts:AssumeRole', 'external id']) {
      expect(refused.message).toContain(part);
    }
    expect(other.decision).toBe('renewed');
  });

  it('has what a dead run left swept by the next one', async () => {
    sandbox.faults.add({ operation: 'acme:challenge', times: 1, kill: true });
    await failure(renewal(['partner.example']));
    expect(challenges(zoneId)).not.toEqual([]);
    await sandbox.clock.advance(HOUR);
    await sandbox.scan();
    expect(tagsOf(sandbox, 'cert').state).toBe('issued');
    expect(challenges(zoneId)).toEqual([]);
  });
});

describe('NS records at a challenge’s own name', () => {
  const name = '_acme-challenge.leane.dev';
  let zoneId: string;

  beforeEach(() => {
    zoneId = sandbox.route53.createZone('leane.dev').id;
  });

  const delegateAway = (owner: string, parentId: string) => {
    put(parentId, owner, 'NS', 'ns-1.provider.example.');
    sandbox.route53.createZone(owner, { account: '999999999999', nameServers: ['ns-1.provider.example'] });
  };
  const resolversWereAsked = () => sandbox.nameServer.queries.filter((query) => query.type === 'NS');

  it('that lead to others are noticed before an order', async () => {
    delegateAway(name, zoneId);
    const { code, message } = await failure(renewal(NAMES));
    expect(code).toBe('zone-not-delegated');
    for (const part of [`${name} can't be published`, zoneId, 'ns-1.provider.example', 'remove them', 'CNAME']) {
      expect(message).toContain(part);
    }
    expectNothingOrdered();
  });

  it('are noticed where a CNAME record leads, too', async () => {
    const target = '_acme-challenge.leane.net';
    put(zoneId, name, 'CNAME', `${target}.`);
    delegateAway(target, sandbox.route53.createZone('leane.net').id);
    const { code, message } = await failure(renewal(NAMES));
    expect(code).toBe('zone-not-delegated');
    expect(message).toContain(`delegate this very name to ns-1.provider.example`);
    expectNothingOrdered();
  });

  it('that lead to a hosted zone of ours have the value published there', async () => {
    const own = sandbox.route53.createZone(name, { nameServers: ['ns-1.ours.example'] }).id;
    put(zoneId, name, 'NS', 'ns-1.ours.example.');
    put(own, 'other._acme-challenge.leane.dev', 'TXT', '"stays"');
    expect(await renewal(NAMES)).toMatchObject({ decision: 'renewed' });
    expect(challenges(zoneId)).toEqual([]);
    expect(challenges(own)).toMatchObject([{ values: ['"stays"'] }]);
  });

  it.each<[string, () => void]>([
    ["another client's value is there", () => put(zoneId, name, 'TXT', '"of another client"')],
    ['only a name below it is there', () => put(zoneId, `below.${name}`, 'TXT', '"of another client"')],
    ['a wildcard is beside it', () => put(zoneId, '*.leane.dev', 'A', '192.0.2.1')],
  ])('are not looked for at resolvers when %s', async (_, prepare) => {
    prepare();
    expect(await renewal(NAMES)).toMatchObject({ decision: 'renewed' });
    expect(resolversWereAsked()).not.toEqual([]);
    expect(resolversWereAsked().filter((query) => query.name.startsWith('_acme-challenge'))).toEqual([]);
  });
});

describe('another client that writes over our values', () => {
  const theirs = ['"somebody else"'];
  let zoneId: string;

  beforeEach(() => {
    zoneId = sandbox.route53.createZone('leane.dev').id;
  });

  /** Blindly, at so many looks at our changes. */
  const overwriting = (times: number) => {
    let left = times;
    sandbox.faults.add({
      operation: 'route53:GetChange',
      when: () => {
        if (left > 0) put(zoneId, '_acme-challenge.leane.dev', 'TXT', ...theirs);
        left -= 1;
        return false;
      },
    });
  };

  it('once has them presented once more, beside its own', async () => {
    overwriting(1);
    expect(await renewal(NAMES)).toMatchObject({ decision: 'renewed' });
    expect(warnings().join()).toContain('the TXT values have disappeared; presenting them once more');
    expect(challenges(zoneId)).toMatchObject([{ values: theirs }]);
  });

  it('each time is named with what the servers have, and the CA is not told to look', async () => {
    overwriting(Number.POSITIVE_INFINITY);
    const { code, message } = await failure(renewal(NAMES));
    expect(code).toBe('value-not-visible');
    const advice = ['another client that writes this record', 'for NS records at this name'];
    for (const part of ['_acme-challenge.leane.dev in zone leane.dev', 'somebody else', ...advice]) {
      expect(message).toContain(part);
    }
    expect(sandbox.calls.of('acme:challenge')).toBe(0);
    expect(challenges(zoneId)).toMatchObject([{ values: theirs }]);
  });
});

describe('a record that Route 53 protects', () => {
  let zoneId: string;
  beforeEach(() => {
    zoneId = sandbox.route53.createZone('leane.dev').id;
  });

  it('is named with the comment of its protection, and other certificates go on', async () => {
    sandbox.route53.protect(zoneId, '_acme-challenge.leane.dev', 'TXT', 'ask the DNS team');
    const [refused, other] = await Promise.all([failure(renewal(NAMES)), renewal(['www.leane.dev'], {}, 'other')]);
    expect(refused.code).toBe('dns-change-refused');
    for (const part of ['_acme-challenge.leane.dev in zone leane.dev', 'is protected: ask the DNS team', zoneId]) {
      expect(refused.message).toContain(part);
    }
    expect(other.decision).toBe('renewed');
    expect(tagsOf(sandbox, 'cert')).toMatchObject({ state: 'failed', failure: 'dns-change-refused' });
  });

  it('keeps our value when it is protected meanwhile, until the next renewal may take it away', async () => {
    const name = '_acme-challenge.leane.dev';
    let first = true;
    sandbox.faults.add({
      operation: 'acme:challenge',
      when: () => {
        if (first) sandbox.route53.protect(zoneId, name, 'TXT');
        first = false;
        return false;
      },
    });
    expect(await renewal(['leane.dev'])).toMatchObject({ decision: 'renewed' });
    expect(warnings().join()).toContain('TXT values could not be removed');
    expect(challenges(zoneId)).toHaveLength(1);
    sandbox.route53.unprotect(zoneId, name, 'TXT');
    await sandbox.clock.advance(61 * DAY);
    expect(await sandbox.renew({ certificate: 'cert' })).toMatchObject({ decision: 'renewed' });
    expect(challenges(zoneId)).toEqual([]);
  });
});

describe('throttling', () => {
  it('is kept away by starting renewals one after another, a second apart', async () => {
    sandbox.route53.createZone('leane.dev');
    for (let index = 0; index < 5; index += 1) {
      await sandbox.register(`site${index}`, { domainNames: [`site${index}.leane.dev`], issuer: 'sandbox' });
    }
    const starts: number[] = [];
    sandbox.faults.add({
      operation: 'lambda:Invoke',
      when: () => {
        starts.push(sandbox.clock.now());
        return false;
      },
    });
    await sandbox.scan();
    expect(starts.map((at) => at - (starts[0] ?? 0))).toEqual([0, 1_000, 2_000, 3_000, 4_000]);
    expect(sandbox.ca.finalizedOrders()).toHaveLength(5);
  });
});
