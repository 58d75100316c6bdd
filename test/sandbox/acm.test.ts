import {
  ACMClient,
  AddTagsToCertificateCommand,
  type CertificateStatus,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  GetCertificateCommand,
  ImportCertificateCommand,
  KeyAlgorithm,
  ListCertificatesCommand,
  type ListCertificatesRequest,
  ListTagsForCertificateCommand,
  RemoveTagsFromCertificateCommand,
  type Tag,
} from '@aws-sdk/client-acm';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KeyUsageFlags } from '@peculiar/x509';
import { Acm } from './acm.ts';
import {
  CLIENT_AUTH,
  createEcKey,
  createRsaKey,
  createTestIssuer,
  type IssueOptions,
  SERVER_AUTH,
  selfSigned,
  type TestIssuer,
} from './issue-certificate.ts';
import { startTestAws, type TestAws } from './test-aws.ts';
import { VirtualClock } from './virtual-clock.ts';

const SECOND = 1_000;
const DAY = 24 * 60 * 60 * SECOND;
const START = Date.UTC(2026, 10, 24);
const NAMES = ['example.com', '*.example.com'];
const REGION = 'eu-central-1';

let issuer: TestIssuer;
let clock: VirtualClock;
let acm: Acm;
let aws: TestAws;
let client: ACMClient;

beforeAll(async () => {
  issuer = await createTestIssuer();
});

beforeEach(async () => {
  clock = new VirtualClock(START);
  acm = new Acm({ clock, settings: { throttling: false } });
  aws = await startTestAws(clock, [acm]);
  client = new ACMClient(aws.clientOptions(REGION));
});

afterEach(async () => {
  client.destroy();
  expect(aws.server.bugs).toEqual([]);
  await aws.stop();
});

const issue = (options: Partial<IssueOptions> = {}) =>
  issuer.issue({ names: NAMES, notBefore: START - DAY, notAfter: START + 89 * DAY, ...options });

interface Parts {
  readonly certificate: string;
  readonly privateKey: string;
  readonly chain?: string | undefined;
}

async function importPair(parts: Parts, more: { readonly CertificateArn?: string; readonly Tags?: Tag[] } = {}) {
  const answer = await client.send(
    new ImportCertificateCommand({
      Certificate: Buffer.from(parts.certificate),
      PrivateKey: Buffer.from(parts.privateKey),
      ...(parts.chain === undefined ? {} : { CertificateChain: Buffer.from(parts.chain) }),
      ...more,
    }),
  );
  return answer.CertificateArn ?? '';
}

async function describeCertificate(CertificateArn: string) {
  return (await client.send(new DescribeCertificateCommand({ CertificateArn }))).Certificate;
}

const list = (input: ListCertificatesRequest = {}) => client.send(new ListCertificatesCommand(input));
const everyType = { Includes: { keyTypes: Object.values(KeyAlgorithm) } };
const invalid = (message: string) => ({ name: 'ValidationException', message });

describe('a first import', () => {
  it('is described as ACM describes it', async () => {
    const pair = await issue({
      commonName: 'example.com',
      serial: '9f0a',
      extendedKeyUsages: [SERVER_AUTH, CLIENT_AUTH, '1.2.3'],
    });
    const arn = await importPair(pair);
    expect(arn).toMatch(/^arn:aws:acm:eu-central-1:123456789012:certificate\/[0-9a-f-]{36}$/);
    expect(await describeCertificate(arn)).toMatchObject({
      CertificateArn: arn,
      DomainName: 'example.com',
      SubjectAlternativeNames: NAMES,
      Serial: '00:9f:0a',
      Subject: 'CN=example.com',
      Issuer: 'Test',
      Type: 'IMPORTED',
      Status: 'ISSUED',
      ImportedAt: new Date(START),
      NotBefore: new Date(START - DAY),
      NotAfter: new Date(START + 89 * DAY),
      KeyAlgorithm: 'EC-prime256v1',
      SignatureAlgorithm: 'SHA256WITHECDSA',
      KeyUsages: [{ Name: 'DIGITAL_SIGNATURE' }],
      ExtendedKeyUsages: [
        { Name: 'TLS_WEB_SERVER_AUTHENTICATION', OID: SERVER_AUTH },
        { Name: 'TLS_WEB_CLIENT_AUTHENTICATION', OID: CLIENT_AUTH },
        { Name: 'CUSTOM', OID: '1.2.3' },
      ],
      InUseBy: [],
      RenewalEligibility: 'INELIGIBLE',
    });
    expect(await client.send(new GetCertificateCommand({ CertificateArn: arn }))).toMatchObject({
      Certificate: pair.certificate,
      CertificateChain: pair.chain,
    });
  });

  it('is named after its first alternative name where there is no common name', async () => {
    const arn = await importPair(await issue({ names: ['b.example', 'a.example'] }));
    expect(await describeCertificate(arn)).toMatchObject({
      DomainName: 'b.example',
      SubjectAlternativeNames: ['b.example', 'a.example'],
    });
  });

  it('shows ANY and NONE where the certificate restricts nothing', async () => {
    const arn = await importPair(await issue({ keyUsages: null, extendedKeyUsages: null }));
    expect(await describeCertificate(arn)).toMatchObject({
      KeyUsages: [{ Name: 'ANY' }],
      ExtendedKeyUsages: [{ Name: 'NONE' }],
    });
  });

  it('is kept in its region', async () => {
    const arn = await importPair(await issue());
    const elsewhere = new ACMClient(aws.clientOptions('us-east-1'));
    await expect(elsewhere.send(new DescribeCertificateCommand({ CertificateArn: arn }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Could not find certificate ${arn}.`,
    });
    expect(acm.certificates(REGION)).toMatchObject([{ arn, serial: '01:02:03:04:05', imports: 1 }]);
    expect(acm.certificates('us-east-1')).toEqual([]);
  });

  it('is made anew each time: two of one pair are two certificates', async () => {
    const pair = await issue();
    expect(await importPair(pair)).not.toBe(await importPair(pair));
  });
});

describe('the certificate', () => {
  it('is exactly one', async () => {
    const { certificate, chain, privateKey } = await issue();
    await expect(importPair({ certificate: `${certificate}\n${chain}`, privateKey, chain })).rejects.toMatchObject(
      invalid(
        'The certificate field contains more than one certificate. You can specify only one certificate in this field.',
      ),
    );
    for (const none of ['certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----']) {
      await expect(importPair({ certificate: none, privateKey, chain })).rejects.toMatchObject(
        invalid('The certificate is not PEM-encoded or is not valid.'),
      );
    }
  });

  it('is valid now, by the virtual clock', async () => {
    const pair = await issue({ notBefore: START + SECOND, notAfter: START + 3 * SECOND });
    await expect(importPair(pair)).rejects.toMatchObject(
      invalid('The certificate is not in effect yet, is not valid.'),
    );
    await clock.advance(SECOND);
    await importPair(pair);
    await clock.advance(3 * SECOND);
    await expect(importPair(pair)).rejects.toMatchObject(invalid('The certificate has expired, is not valid.'));
  });
});

describe('the private key', () => {
  it('belongs to the certificate', async () => {
    const { certificate, chain } = await issue();
    const { privateKey } = await issue();
    await expect(importPair({ certificate, chain, privateKey })).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('is not encrypted', async () => {
    const key = createEcKey();
    const { certificate, chain } = await issue({ key });
    const privateKey = key
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })
      .toString();
    await expect(importPair({ certificate, chain, privateKey })).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('encrypted'),
    });
  });

  it('may be PKCS#8, PKCS#1 or SEC 1', async () => {
    const ec = createEcKey();
    const sec1 = ec.export({ type: 'sec1', format: 'pem' }).toString();
    await importPair({ ...(await issue({ key: ec })), privateKey: sec1 });
    const rsa = createRsaKey(2048);
    const pkcs1 = rsa.export({ type: 'pkcs1', format: 'pem' }).toString();
    await importPair({ ...(await issue({ key: rsa })), privateKey: pkcs1 });
  });

  it('is PEM of 5,120 bytes at most', async () => {
    const pair = await issue();
    await expect(importPair({ ...pair, privateKey: pair.privateKey.padEnd(5_121, '\n') })).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('5120 bytes'),
    });
    await importPair({ ...pair, privateKey: pair.privateKey.padEnd(5_120, '\n') });
    await expect(importPair({ ...pair, privateKey: 'key' })).rejects.toMatchObject(
      invalid('The private key is not PEM-encoded or is not valid.'),
    );
  });

  it.each(['prime256v1', 'secp384r1', 'secp521r1'])('may be on the curve %s', async (curve) => {
    const arn = await importPair(await issue({ key: createEcKey(curve) }));
    expect(await describeCertificate(arn)).toMatchObject({ KeyAlgorithm: `EC-${curve}` });
  });

  it.each([2048, 3072, 4096])('may be RSA of %d bits', async (size) => {
    const arn = await importPair(await issue({ key: createRsaKey(size) }));
    expect(await describeCertificate(arn)).toMatchObject({ KeyAlgorithm: `RSA-${size}` });
  });

  it('may not be of another kind', async () => {
    for (const key of [createEcKey('secp256k1'), createRsaKey(2560)]) {
      await expect(importPair(await issue({ key }))).rejects.toMatchObject({ name: 'ValidationException' });
    }
  });
});

describe('the chain', () => {
  const unproven = invalid('Could not validate the certificate with the certificate chain.');

  it('leads from the certificate upwards, with or without the root', async () => {
    const pair = await issue();
    await importPair(pair);
    await importPair({ ...pair, chain: `${pair.chain}\n${issuer.root}` });
  });

  it('has no gap and no other order', async () => {
    const pair = await issue();
    await expect(importPair({ ...pair, chain: issuer.root })).rejects.toMatchObject(unproven);
    await expect(importPair({ ...pair, chain: `${issuer.root}\n${pair.chain}` })).rejects.toMatchObject(unproven);
  });

  it('does not have the certificate itself', async () => {
    const pair = await issue();
    const chain = `${pair.certificate}\n${pair.chain}`;
    await expect(importPair({ ...pair, chain })).rejects.toMatchObject(unproven);
    const own = await selfSigned({ names: NAMES, notBefore: START, notAfter: START + DAY, keyUsages: null });
    await expect(importPair({ ...own, chain: own.certificate })).rejects.toMatchObject(unproven);
  });

  it('is proven by signatures, not by names', async () => {
    const { intermediate } = await createTestIssuer();
    await expect(importPair({ ...(await issue()), chain: intermediate })).rejects.toMatchObject(unproven);
  });

  it('is there, unless the certificate is self-signed', async () => {
    await expect(importPair({ ...(await issue()), chain: undefined })).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('Provided certificate is not a valid self signed.'),
    });
    await importPair(await selfSigned({ names: NAMES, notBefore: START, notAfter: START + DAY }));
  });

  it('is PEM', async () => {
    await expect(importPair({ ...(await issue()), chain: 'chain' })).rejects.toMatchObject(
      invalid('The certificate chain is not PEM-encoded or is not valid.'),
    );
  });
});

describe('an import over an existing certificate', () => {
  it('replaces it under its ARN, and keeps tags and use', async () => {
    const CertificateArn = await importPair(await issue({ serial: '01' }), { Tags: [{ Key: 'a', Value: 'b' }] });
    acm.markInUse(CertificateArn, 'arn:aws:elasticloadbalancing:listener');
    await clock.advance(60 * DAY);
    const next = await issue({ serial: '02', notAfter: START + 149 * DAY });
    expect(await importPair(next, { CertificateArn })).toBe(CertificateArn);
    expect(await describeCertificate(CertificateArn)).toMatchObject({
      Serial: '02',
      CreatedAt: new Date(START),
      ImportedAt: new Date(START + 60 * DAY),
      InUseBy: ['arn:aws:elasticloadbalancing:listener'],
    });
    expect(acm.certificates(REGION)).toMatchObject([{ tags: { a: 'b' }, imports: 2 }]);
  });

  it('takes no tags', async () => {
    const CertificateArn = await importPair(await issue());
    const Tags = [{ Key: 'a', Value: 'b' }];
    await expect(importPair(await issue(), { CertificateArn, Tags })).rejects.toMatchObject(
      invalid('Tagging is not permitted on re-import.'),
    );
  });

  it('needs one that exists', async () => {
    const gone = 'arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012';
    await expect(importPair(await issue(), { CertificateArn: gone })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Could not find certificate ${gone}.`,
    });
    const noArn = importPair(await issue(), { CertificateArn: 'certificate/12345678-1234' });
    await expect(noArn).rejects.toMatchObject({ name: 'InvalidArnException' });
  });

  it('keeps key type and size', async () => {
    const CertificateArn = await importPair(await issue());
    for (const key of [createEcKey('secp384r1'), createRsaKey(2048)]) {
      await expect(importPair(await issue({ key }), { CertificateArn })).rejects.toMatchObject({
        name: 'ValidationException',
        message: expect.stringContaining('The key type and size cannot be changed'),
      });
    }
    expect(acm.certificates(REGION)).toMatchObject([{ imports: 1 }]);
  });

  it('may add and remove names, but not all of them', async () => {
    const CertificateArn = await importPair(await issue());
    await importPair(await issue({ names: ['EXAMPLE.com', 'www.example.com'] }), { CertificateArn });
    await expect(importPair(await issue({ names: ['example.net'] }), { CertificateArn })).rejects.toMatchObject(
      invalid('You cannot remove all of the domain names from a certificate.'),
    );
  });

  it('may add usages', async () => {
    const CertificateArn = await importPair(await issue());
    const keyUsages = KeyUsageFlags.digitalSignature | KeyUsageFlags.keyAgreement;
    await importPair(await issue({ keyUsages, extendedKeyUsages: [SERVER_AUTH, CLIENT_AUTH] }), { CertificateArn });
  });

  it('may not remove usages', async () => {
    const keyUsages = KeyUsageFlags.digitalSignature | KeyUsageFlags.keyAgreement;
    const CertificateArn = await importPair(await issue({ keyUsages, extendedKeyUsages: [SERVER_AUTH, '1.2.3'] }));
    const missing = (what: string) =>
      invalid(`New certificate is missing one or more ${what} supported by the currently imported certificate`);
    const extendedKeyUsages = [SERVER_AUTH, '1.2.3'];
    await expect(importPair(await issue({ extendedKeyUsages }), { CertificateArn })).rejects.toMatchObject(
      missing('Key Usages'),
    );
    await expect(importPair(await issue({ keyUsages }), { CertificateArn })).rejects.toMatchObject(
      missing('Extended Key Usages'),
    );
    const without = await issue({ keyUsages, extendedKeyUsages: null });
    await expect(importPair(without, { CertificateArn })).rejects.toMatchObject(missing('Extended Key Usages'));
  });

  it('may not add usages where the extension was missing', async () => {
    const CertificateArn = await importPair(await issue({ extendedKeyUsages: null }));
    await expect(importPair(await issue(), { CertificateArn })).rejects.toMatchObject({ name: 'ValidationException' });
    await importPair(await issue({ extendedKeyUsages: null }), { CertificateArn });
  });

  it('may lose clientAuth', async () => {
    const CertificateArn = await importPair(await issue({ extendedKeyUsages: [SERVER_AUTH, CLIENT_AUTH] }));
    await importPair(await issue(), { CertificateArn });
  });

  it('may lose keyEncipherment with an EC key, but not with RSA', async () => {
    const keyUsages = KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment;
    const CertificateArn = await importPair(await issue({ keyUsages }));
    await importPair(await issue(), { CertificateArn });
    const key = createRsaKey(2048);
    const rsa = await importPair(await issue({ key, keyUsages }));
    await expect(importPair(await issue({ key }), { CertificateArn: rsa })).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });
});

describe('ListCertificates', () => {
  const arns = async (input: ListCertificatesRequest) =>
    (await list(input)).CertificateSummaryList?.map(({ CertificateArn }) => CertificateArn);

  it('hides every key type but RSA of 1024 and 2048 bits unless asked', async () => {
    const ec = await importPair(await issue());
    const rsa = await importPair(await issue({ key: createRsaKey(2048) }));
    const larger = await importPair(await issue({ key: createRsaKey(3072) }));
    expect(await arns({})).toEqual([rsa]);
    expect(await arns({ Includes: {} })).toEqual([rsa]);
    expect(await arns({ Includes: { keyTypes: ['EC_prime256v1', 'RSA_3072'] } })).toEqual([ec, larger]);
    expect(await arns(everyType)).toEqual([ec, rsa, larger]);
  });

  it('summarises', async () => {
    const CertificateArn = await importPair(await issue());
    acm.markInUse(CertificateArn, 'arn:aws:elasticloadbalancing:listener');
    expect((await list(everyType)).CertificateSummaryList).toMatchObject([
      {
        CertificateArn,
        DomainName: 'example.com',
        SubjectAlternativeNameSummaries: NAMES,
        HasAdditionalSubjectAlternativeNames: false,
        Type: 'IMPORTED',
        Status: 'ISSUED',
        KeyAlgorithm: 'EC-prime256v1',
        KeyUsages: ['DIGITAL_SIGNATURE'],
        ExtendedKeyUsages: ['TLS_WEB_SERVER_AUTHENTICATION'],
        InUse: true,
      },
    ]);
  });

  it('shows a hundred names at most and says that there are more', async () => {
    const names = Array.from({ length: 101 }, (_, index) => `n${index}.example.com`);
    await importPair(await issue({ names }));
    const [summary] = (await list(everyType)).CertificateSummaryList ?? [];
    expect(summary?.SubjectAlternativeNameSummaries).toEqual(names.slice(0, 100));
    expect(summary?.HasAdditionalSubjectAlternativeNames).toBe(true);
  });

  it('pages', async () => {
    const pair = await issue();
    const all = [await importPair(pair), await importPair(pair), await importPair(pair)];
    const first = await list({ ...everyType, MaxItems: 2 });
    expect(first.CertificateSummaryList?.map(({ CertificateArn }) => CertificateArn)).toEqual(all.slice(0, 2));
    const second = await list({ ...everyType, MaxItems: 2, NextToken: first.NextToken });
    expect(second.CertificateSummaryList?.map(({ CertificateArn }) => CertificateArn)).toEqual(all.slice(2));
    expect(second.NextToken).toBeUndefined();
    for (const MaxItems of [0, 1_001]) {
      await expect(list({ MaxItems })).rejects.toMatchObject({ name: 'ValidationException' });
    }
    await expect(list({ NextToken: 'none' })).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('filters by status; what has expired stays', async () => {
    const arn = await importPair(await issue());
    const CertificateStatuses: CertificateStatus[] = ['EXPIRED'];
    expect(await arns({ ...everyType, CertificateStatuses })).toEqual([]);
    await clock.advance(90 * DAY);
    expect(await arns({ ...everyType, CertificateStatuses })).toEqual([arn]);
    expect(await describeCertificate(arn)).toMatchObject({ Status: 'EXPIRED' });
  });

  it('filters by usages', async () => {
    const arn = await importPair(await issue());
    const includes = (more: object) => ({ Includes: { ...everyType.Includes, ...more } });
    expect(await arns(includes({ extendedKeyUsage: ['TLS_WEB_SERVER_AUTHENTICATION'] }))).toEqual([arn]);
    expect(await arns(includes({ extendedKeyUsage: ['TLS_WEB_CLIENT_AUTHENTICATION'] }))).toEqual([]);
    expect(await arns(includes({ keyUsage: ['KEY_AGREEMENT'] }))).toEqual([]);
  });

  it('knows no other key type', async () => {
    const keyTypes = ['EC-prime256v1' as KeyAlgorithm];
    await expect(list({ Includes: { keyTypes } })).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('tags', () => {
  const add = (CertificateArn: string, ...Tags: Tag[]) =>
    client.send(new AddTagsToCertificateCommand({ CertificateArn, Tags }));
  const remove = (CertificateArn: string, ...Tags: Tag[]) =>
    client.send(new RemoveTagsFromCertificateCommand({ CertificateArn, Tags }));
  const tagsOf = async (CertificateArn: string) =>
    (await client.send(new ListTagsForCertificateCommand({ CertificateArn }))).Tags;

  it('come with a first import, are added and removed', async () => {
    const arn = await importPair(await issue(), { Tags: [{ Key: 'a', Value: '1' }] });
    await add(arn, { Key: 'a', Value: '2' }, { Key: 'b' }, { Key: 'c', Value: '3' });
    expect(await tagsOf(arn)).toEqual([
      { Key: 'a', Value: '2' },
      { Key: 'b', Value: '' },
      { Key: 'c', Value: '3' },
    ]);
    await remove(arn, { Key: 'a' }, { Key: 'c', Value: 'other' });
    expect(await tagsOf(arn)).toEqual([
      { Key: 'b', Value: '' },
      { Key: 'c', Value: '3' },
    ]);
  });

  it.each<[string, Tag, string]>([
    ['a key that begins with aws:', { Key: 'aws:k' }, 'InvalidTagException'],
    ['a key of more than 128 characters', { Key: 'k'.repeat(129) }, 'ValidationException'],
    ['a value of more than 256 characters', { Key: 'k', Value: 'v'.repeat(257) }, 'ValidationException'],
    ['a star', { Key: 'k', Value: '*' }, 'ValidationException'],
  ])('refuse %s, and nothing is imported', async (_what, tag, name) => {
    await expect(importPair(await issue(), { Tags: [tag] })).rejects.toMatchObject({ name });
    expect(acm.certificates(REGION)).toEqual([]);
  });

  it('are fifty at most', async () => {
    const Tags = Array.from({ length: 50 }, (_, index) => ({ Key: `k${index}` }));
    const arn = await importPair(await issue(), { Tags });
    await expect(add(arn, { Key: 'k50' })).rejects.toMatchObject({ name: 'TooManyTagsException' });
  });
});

describe('DeleteCertificate', () => {
  const remove = (CertificateArn: string) => client.send(new DeleteCertificateCommand({ CertificateArn }));

  it('deletes what nothing uses', async () => {
    const arn = await importPair(await issue());
    await remove(arn);
    await expect(describeCertificate(arn)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('shows for a while what it has deleted, though nothing can be imported over it', async () => {
    acm.settings.deletionStalenessMilliseconds = 5 * SECOND;
    const pair = await issue();
    const arn = await importPair(pair, { Tags: [{ Key: 'a', Value: '1' }] });
    await remove(arn);
    const gone = { name: 'ResourceNotFoundException' };
    const listed = async () =>
      (await list({ Includes: { keyTypes: Object.values(KeyAlgorithm) } })).CertificateSummaryList;
    const reads = [
      () => describeCertificate(arn),
      () => client.send(new GetCertificateCommand({ CertificateArn: arn })),
      () => client.send(new ListTagsForCertificateCommand({ CertificateArn: arn })),
    ];
    expect(await listed()).toMatchObject([{ CertificateArn: arn }]);
    for (const read of reads) await read();
    await expect(importPair(pair, { CertificateArn: arn })).rejects.toMatchObject(gone);
    await expect(remove(arn)).rejects.toMatchObject(gone);
    await clock.advance(5 * SECOND);
    expect(await listed()).toEqual([]);
    for (const read of reads) await expect(read()).rejects.toMatchObject(gone);
  });

  it('refuses what is in use', async () => {
    const arn = await importPair(await issue());
    acm.markInUse(arn, 'arn:aws:cloudfront::123456789012:distribution/E1');
    await expect(remove(arn)).rejects.toMatchObject({
      name: 'ResourceInUseException',
      message: `Certificate ${arn} in account 123456789012 is in use.`,
    });
  });
});

describe('limits', () => {
  it('let one import a second pass, in each region', async () => {
    acm.settings.throttling = true;
    const pair = await issue();
    const CertificateArn = await importPair(pair);
    const throttled = { name: 'ThrottlingException', message: 'Rate exceeded' };
    await expect(importPair(pair, { CertificateArn })).rejects.toMatchObject(throttled);
    const elsewhere = new ACMClient(aws.clientOptions('us-east-1'));
    await elsewhere.send(
      new ImportCertificateCommand({
        Certificate: Buffer.from(pair.certificate),
        PrivateKey: Buffer.from(pair.privateKey),
        CertificateChain: Buffer.from(pair.chain),
      }),
    );
    await clock.advance(SECOND);
    await importPair(pair, { CertificateArn });
  });

  it('let eight lists a second pass', async () => {
    acm.settings.throttling = true;
    for (let index = 0; index < 8; index += 1) await list();
    await expect(list()).rejects.toMatchObject({ name: 'ThrottlingException' });
    acm.resetThrottling();
    await list();
  });

  it('cap the number of certificates, not of imports over them', async () => {
    acm.settings.importedCertificates = 1;
    const pair = await issue();
    const CertificateArn = await importPair(pair);
    await expect(importPair(pair)).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: expect.stringContaining('you have reached the maximum number of 1 certificates'),
    });
    await importPair(pair, { CertificateArn });
  });

  it('cap the imports of a year', async () => {
    acm.settings.importsPerYear = 2;
    const pair = await issue({ notAfter: START + 800 * DAY });
    const CertificateArn = await importPair(pair);
    await importPair(pair, { CertificateArn });
    await expect(importPair(pair, { CertificateArn })).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: 'Error: you have reached your limit of 2 certificates in the last year.',
    });
    await clock.advance(365 * DAY);
    await importPair(pair, { CertificateArn });
  });
});
