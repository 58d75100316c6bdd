import { randomUUID } from 'node:crypto';
import { type ImportedCertificate, readImport } from './acm-certificate.ts';
import { certificateDetail, certificateSummary, statusOf } from './acm-description.ts';
import { readListFilter } from './acm-filter.ts';
import { requireReplaceable } from './acm-reimport.ts';
import { requireAcmTags } from './acm-tags.ts';
import { ACCOUNT } from './aws-account.ts';
import {
  answerJson,
  type JsonInput,
  optionalInteger,
  optionalObjects,
  optionalText,
  readInput,
  requiredText,
  requireLength,
  requireRange,
} from './aws-json.ts';
import { type AwsAnswer, type AwsRequest, type AwsService, AwsServiceError } from './aws-service.ts';
import { readTags } from './aws-tags.ts';
import { TokenBucket } from './token-bucket.ts';

/** Quotas of a region: https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html */
export interface AcmSettings {
  /** Whether requests draw on token buckets. */
  throttling: boolean;
  /** How many imported certificates there can be. */
  importedCertificates: number;
  /** How many imports in 365 days; AWS doesn't say whether those over an existing one count, so they do. */
  importsPerYear: number;
  /** How many certificates a page has when more are asked for: AWS promises no more than a maximum. */
  mostListed: number;
  /** How long reads show what has been deleted; AWS says "a short delay". */
  deletionStalenessMilliseconds: number;
}

/** https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html#api-rate-limits */
const REQUESTS_PER_SECOND: Readonly<Record<string, number>> = {
  ImportCertificate: 1,
  DescribeCertificate: 10,
  ListCertificates: 8,
  ListTagsForCertificate: 5,
  AddTagsToCertificate: 5,
  RemoveTagsFromCertificate: 5,
  GetCertificate: 10,
  DeleteCertificate: 10,
};

const YEAR = 365 * 24 * 60 * 60 * 1_000;

/**
 * AWS Certificate Manager as far as imported certificates go, region by region. The rules that it holds are listed in
 * `rules-aws.md`.
 *
 * The methods after `answer` are for tests and bypass the API, its limits and faults.
 */
export class Acm implements AwsService {
  readonly name = 'acm';
  readonly protocol = 'json-1.1';
  /** May be changed at any time. */
  readonly settings: AcmSettings;
  readonly #clock: { now(): number };
  readonly #certificates = new Map<string, ImportedCertificate>();
  readonly #deleted: { readonly certificate: ImportedCertificate; readonly at: number }[] = [];
  readonly #imports: { readonly region: string; readonly at: number }[] = [];
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(options: { readonly clock: { now(): number }; readonly settings?: Partial<AcmSettings> }) {
    this.#clock = options.clock;
    const quotas = { importedCertificates: 2_500, importsPerYear: 5_000, mostListed: 1_000 };
    this.settings = { throttling: true, deletionStalenessMilliseconds: 0, ...quotas, ...options.settings };
  }

  operationOf({ headers }: AwsRequest): string | undefined {
    const [, operation = ''] = /^CertificateManager\.(\w+)$/.exec(headers['x-amz-target'] ?? '') ?? [];
    return operation in REQUESTS_PER_SECOND ? operation : undefined;
  }

  async answer(operation: string, { body, region }: AwsRequest): Promise<AwsAnswer> {
    if (this.settings.throttling && !this.#bucket(operation, region).take()) {
      throw new AwsServiceError(400, 'ThrottlingException', 'Rate exceeded');
    }
    const input = readInput(body);
    switch (operation) {
      case 'ImportCertificate':
        return this.#importCertificate(input, region);
      case 'DescribeCertificate':
        return answerJson({ Certificate: certificateDetail(this.#shown(input, region), this.#clock.now()) });
      case 'ListCertificates':
        return this.#listCertificates(input, region);
      case 'ListTagsForCertificate':
        return this.#listTags(input, region);
      case 'AddTagsToCertificate':
        return this.#addTags(input, region);
      case 'RemoveTagsFromCertificate':
        return this.#removeTags(input, region);
      case 'GetCertificate':
        return this.#getCertificate(input, region);
      case 'DeleteCertificate':
        return this.#deleteCertificate(input, region);
      default:
        throw new AwsServiceError(501, 'NotImplemented', `The sandbox's ACM has no ${operation}.`);
    }
  }

  /** In the order of their first import. */
  certificates(region: string): readonly ImportedCertificate[] {
    return [...this.#certificates.values()].filter((certificate) => certificate.region === region);
  }

  /** As reads show them, and policies by tag. */
  shownCertificates(region: string): readonly ImportedCertificate[] {
    const since = this.#clock.now() - this.settings.deletionStalenessMilliseconds;
    const deleted = this.#deleted.filter(({ certificate, at }) => certificate.region === region && at > since);
    return [...this.certificates(region), ...deleted.map(({ certificate }) => certificate)];
  }

  /** Attaches it to a resource, a listener for example: then it can't be deleted. */
  markInUse(arn: string, by: string): void {
    const certificate = this.#certificates.get(arn);
    if (!certificate) throw new Error(`The sandbox has no certificate ${arn}.`);
    this.#certificates.set(arn, { ...certificate, inUseBy: [...certificate.inUseBy, by] });
  }

  /** Detaches it from everything. */
  release(arn: string): void {
    const certificate = this.#certificates.get(arn);
    if (certificate) this.#certificates.set(arn, { ...certificate, inUseBy: [] });
  }

  /** Somebody deletes it, in use or not. */
  delete(arn: string): void {
    const certificate = this.#certificates.get(arn);
    if (!certificate) return;
    this.#certificates.delete(arn);
    this.#deleted.push({ certificate, at: this.#clock.now() });
  }

  /** Fills the token buckets. */
  resetThrottling(): void {
    this.#buckets.clear();
  }

  #importCertificate(input: JsonInput, region: string): AwsAnswer {
    const existing = optionalText(input, 'CertificateArn') === undefined ? undefined : this.#find(input, region);
    const tags = optionalObjects(input, 'Tags') === undefined ? undefined : readTags(input);
    if (existing && tags) {
      throw new AwsServiceError(400, 'ValidationException', 'Tagging is not permitted on re-import.');
    }
    if (tags) requireAcmTags(tags);
    const now = this.#clock.now();
    const chain = optionalText(input, 'CertificateChain');
    const imported = readImport(
      {
        certificate: decode(requiredText(input, 'Certificate')),
        privateKey: decode(requiredText(input, 'PrivateKey')),
        chain: chain === undefined ? undefined : decode(chain),
      },
      now,
    );
    if (existing) requireReplaceable(existing, imported);
    this.#requireQuota(region, existing === undefined, now);
    this.#imports.push({ region, at: now });
    const arn = existing?.arn ?? `arn:aws:acm:${region}:${ACCOUNT}:certificate/${randomUUID()}`;
    this.#certificates.set(arn, {
      tags: tags ?? {},
      inUseBy: [],
      createdAt: now,
      ...existing,
      ...imported,
      arn,
      region,
      importedAt: now,
      imports: (existing?.imports ?? 0) + 1,
    });
    return answerJson({ CertificateArn: arn });
  }

  #requireQuota(region: string, isNew: boolean, now: number): void {
    const { importedCertificates, importsPerYear } = this.settings;
    if (isNew && this.certificates(region).length >= importedCertificates) {
      throw limitExceeded(
        `Error: you have reached the maximum number of ${importedCertificates} certificates. Delete certificates that ` +
          'are not in use, or contact AWS Support to request an increase.',
      );
    }
    if (this.#imports.filter((past) => past.region === region && now - past.at < YEAR).length >= importsPerYear) {
      throw limitExceeded(`Error: you have reached your limit of ${importsPerYear} certificates in the last year.`);
    }
  }

  #listCertificates(input: JsonInput, region: string): AwsAnswer {
    const asked = optionalInteger(input, 'MaxItems') ?? 1_000;
    requireRange('MaxItems', asked, 1, 1_000);
    const size = Math.min(asked, this.settings.mostListed);
    const passes = readListFilter(input);
    const now = this.#clock.now();
    const listed = this.shownCertificates(region).filter((certificate) =>
      passes(certificate, statusOf(certificate, now)),
    );
    const start = readPageToken(optionalText(input, 'NextToken'), listed);
    const page = listed.slice(start, start + size);
    const last = page.at(-1);
    return answerJson({
      CertificateSummaryList: page.map((certificate) => certificateSummary(certificate, now)),
      NextToken: last && start + size < listed.length ? Buffer.from(last.arn).toString('base64') : undefined,
    });
  }

  #listTags(input: JsonInput, region: string): AwsAnswer {
    const { tags } = this.#shown(input, region);
    return answerJson({ Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) });
  }

  #addTags(input: JsonInput, region: string): AwsAnswer {
    const certificate = this.#find(input, region);
    const added = readTags(input);
    const tags = { ...certificate.tags, ...added };
    requireAcmTags(added);
    requireAcmTags(tags);
    this.#certificates.set(certificate.arn, { ...certificate, tags });
    return { status: 200, body: '' };
  }

  /** A tag that is given with a value goes only if it has that value. */
  #removeTags(input: JsonInput, region: string): AwsAnswer {
    const certificate = this.#find(input, region);
    const removed = (optionalObjects(input, 'Tags') ?? []).map((tag) => ({
      key: requiredText(tag, 'Key'),
      value: optionalText(tag, 'Value'),
    }));
    const kept = Object.entries(certificate.tags).filter(
      ([key, value]) => !removed.some((tag) => tag.key === key && (tag.value === undefined || tag.value === value)),
    );
    this.#certificates.set(certificate.arn, { ...certificate, tags: Object.fromEntries(kept) });
    return { status: 200, body: '' };
  }

  #getCertificate(input: JsonInput, region: string): AwsAnswer {
    const { certificatePem, chainPem } = this.#shown(input, region);
    return answerJson({ Certificate: certificatePem, ...(chainPem ? { CertificateChain: chainPem } : {}) });
  }

  #deleteCertificate(input: JsonInput, region: string): AwsAnswer {
    const { arn, inUseBy } = this.#find(input, region);
    if (inUseBy.length > 0) {
      const message = `Certificate ${arn} in account ${ACCOUNT} is in use.`;
      throw new AwsServiceError(400, 'ResourceInUseException', message);
    }
    this.delete(arn);
    return { status: 200, body: '' };
  }

  /** As reads show it. */
  #shown(input: JsonInput, region: string): ImportedCertificate {
    const arn = optionalText(input, 'CertificateArn');
    return this.shownCertificates(region).find((shown) => shown.arn === arn) ?? this.#find(input, region);
  }

  #find(input: JsonInput, region: string): ImportedCertificate {
    const arn = requiredText(input, 'CertificateArn');
    requireLength('CertificateArn', arn, 20, 2_048);
    if (!/^arn:aws:acm:[\w-]+:\d{12}:certificate\/[\w-]+$/.test(arn)) {
      throw new AwsServiceError(400, 'InvalidArnException', `The certificate ARN is not valid: ${arn}`);
    }
    const certificate = this.#certificates.get(arn);
    if (certificate?.region === region) return certificate;
    throw new AwsServiceError(400, 'ResourceNotFoundException', `Could not find certificate ${arn}.`);
  }

  #bucket(operation: string, region: string): TokenBucket {
    const key = `${region} ${operation}`;
    const existing = this.#buckets.get(key);
    if (existing) return existing;
    const perSecond = REQUESTS_PER_SECOND[operation] ?? 5;
    const created = new TokenBucket({ capacity: perSecond, perSecond }, this.#clock);
    this.#buckets.set(key, created);
    return created;
  }
}

/** A blob on the wire is base64. */
function decode(blob: string): string {
  return Buffer.from(blob, 'base64').toString('utf8');
}

/** Where the page begins: after the certificate that the token names. */
function readPageToken(token: string | undefined, listed: readonly ImportedCertificate[]): number {
  if (token === undefined) return 0;
  const arn = Buffer.from(token, 'base64').toString();
  if (!arn.startsWith('arn:aws:acm:')) {
    throw new AwsServiceError(400, 'ValidationException', 'The NextToken is not valid.');
  }
  return listed.findIndex((certificate) => certificate.arn === arn) + 1;
}

function limitExceeded(message: string): AwsServiceError {
  return new AwsServiceError(400, 'LimitExceededException', message);
}
