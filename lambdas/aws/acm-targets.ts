import {
  type ACMClient,
  AddTagsToCertificateCommand,
  type CertificateSummary,
  DeleteCertificateCommand,
  DescribeCertificateCommand,
  ImportCertificateCommand,
  KeyAlgorithm,
  ListCertificatesCommand,
  ListTagsForCertificateCommand,
  RemoveTagsFromCertificateCommand,
  type Tag,
} from '@aws-sdk/client-acm';
import { isRenewalFailure, RenewalFailure } from '../core/failure.ts';
import type { CertificateTargets } from '../renewal/ports/certificate-targets.ts';
import { awsErrorName, awsMessage, call } from './call.ts';
import { nextPage } from './next-page.ts';
import { repeatUnlessUnanswered } from './retry.ts';

/** The most that it gives: https://docs.aws.amazon.com/acm/latest/APIReference/API_ListCertificates.html */
const PAGE = 1_000;

/**
 * AWS Certificate Manager, one client per region. Rules of an import over an existing one:
 * https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html
 *
 * A first import has no idempotency token, so it isn't repeated when the answer is lost: it fails with
 * `aws-unavailable`, and the next attempt looks with `find` whether it happened.
 */
export function createAcmTargets(acm: (region: string) => ACMClient): CertificateTargets {
  /** `undefined` when it is gone. */
  async function tagsOf(region: string, arn: string): Promise<readonly Tag[] | undefined> {
    try {
      const command = new ListTagsForCertificateCommand({ CertificateArn: arn });
      const { Tags = [] } = await call('acm:ListTagsForCertificate', arn, () => acm(region).send(command));
      return Tags;
    } catch (error) {
      if (awsErrorName(error) === 'ResourceNotFoundException') return undefined;
      throw error;
    }
  }

  async function hasTags(region: string, arn: string, tags: Readonly<Record<string, string>>): Promise<boolean> {
    const found = await tagsOf(region, arn);
    return (
      found !== undefined &&
      Object.entries(tags).every(([key, value]) => found.some((tag) => tag.Key === key && tag.Value === value))
    );
  }

  async function serialNumber(region: string, arn: string): Promise<string | undefined> {
    try {
      const command = new DescribeCertificateCommand({ CertificateArn: arn });
      const { Certificate } = await call('acm:DescribeCertificate', arn, () => acm(region).send(command));
      return Certificate?.Serial === undefined ? undefined : plainHex(Certificate.Serial);
    } catch (error) {
      if (awsErrorName(error) === 'ResourceNotFoundException') return undefined;
      throw error;
    }
  }

  return {
    serialNumber,

    async find(region, tags, domainName) {
      const found: string[] = [];
      let NextToken: string | undefined;
      do {
        const command = new ListCertificatesCommand({
          // Without this, ACM lists RSA certificates of up to 2048 bits alone.
          Includes: { keyTypes: Object.values(KeyAlgorithm) },
          MaxItems: PAGE,
          NextToken,
        });
        const page = await call('acm:ListCertificates', `the imports in ${region}`, () => acm(region).send(command));
        for (const certificate of page.CertificateSummaryList ?? []) {
          const { CertificateArn: arn } = certificate;
          if (arn && mayBeFor(domainName, certificate) && (await hasTags(region, arn, tags))) found.push(arn);
        }
        NextToken = nextPage('acm:ListCertificates', NextToken, page.NextToken);
      } while (NextToken);
      return found;
    },

    async import(region, pair, to) {
      const subject = 'arn' in to ? to.arn : `a new import in ${region}`;
      const command = new ImportCertificateCommand({
        Certificate: Buffer.from(pair.certificate),
        ...(pair.chain ? { CertificateChain: Buffer.from(pair.chain) } : {}),
        PrivateKey: Buffer.from(pair.privateKey),
        ...('arn' in to ? { CertificateArn: to.arn } : { Tags: tagList(Object.entries(to.tags)) }),
      });
      if (!('arn' in to)) repeatUnlessUnanswered(command);
      try {
        const { CertificateArn } = await call('acm:ImportCertificate', subject, () => acm(region).send(command));
        if (CertificateArn) return CertificateArn;
      } catch (error) {
        // A policy that asks for a tag of the import denies one that is gone, and so has no tags.
        const gone = 'arn' in to && isDenied(error) && (await serialNumber(region, to.arn)) === undefined;
        throw importFailure(region, 'arn' in to ? to.arn : undefined, error, gone);
      }
      throw new RenewalFailure('aws-refused', `ACM answered acm:ImportCertificate for ${subject} without an ARN`);
    },

    async retag(region, arn, { set, remove }) {
      const found = await tagsOf(region, arn);
      if (found === undefined) return;
      const has = (key: string, value: string) => found.some((tag) => tag.Key === key && (tag.Value ?? '') === value);
      const missing = Object.entries(set).filter(([key, value]) => !has(key, value));
      const surplus = remove.filter(([key, value]) => has(key, value) && !(key in set));
      try {
        // First, because a certificate can be at its limit of tags.
        if (surplus.length > 0) {
          const command = new RemoveTagsFromCertificateCommand({ CertificateArn: arn, Tags: tagList(surplus) });
          await call('acm:RemoveTagsFromCertificate', arn, () => acm(region).send(command));
        }
        if (missing.length === 0) return;
        const command = new AddTagsToCertificateCommand({ CertificateArn: arn, Tags: tagList(missing) });
        await call('acm:AddTagsToCertificate', arn, () => acm(region).send(command));
      } catch (error) {
        if (awsErrorName(error) === 'ResourceNotFoundException') return;
        // A grant by tag does not reach what is gone by now.
        if (isDenied(error) && (await tagsOf(region, arn)) === undefined) return;
        throw error;
      }
    },

    async remove(region, arn) {
      // A grant by tag does not reach what is gone: AWS would deny it.
      if ((await tagsOf(region, arn)) === undefined) return 'removed';
      try {
        const command = new DeleteCertificateCommand({ CertificateArn: arn });
        await call('acm:DeleteCertificate', arn, () => acm(region).send(command));
        return 'removed';
      } catch (error) {
        switch (awsErrorName(error)) {
          case 'ResourceNotFoundException':
            return 'removed';
          case 'ResourceInUseException':
            return 'in-use';
          case 'AccessDeniedException':
            // Gone by now, perhaps by an attempt whose answer was lost.
            if ((await tagsOf(region, arn)) === undefined) return 'removed';
            throw error;
          default:
            throw error;
        }
      }
    },
  };
}

/**
 * Whether an import's tags are worth a call (5 a second, for up to 2,500 imports): it has the name, or more names than
 * are listed.
 */
function mayBeFor(domainName: string, certificate: CertificateSummary): boolean {
  const { Type, DomainName = '', SubjectAlternativeNameSummaries: names = [] } = certificate;
  if (Type !== 'IMPORTED') return false;
  if (certificate.HasAdditionalSubjectAlternativeNames) return true;
  return [DomainName, ...names].some((name) => name.toLowerCase() === domainName.toLowerCase());
}

function tagList(tags: readonly (readonly [key: string, value: string])[]): Tag[] {
  return tags.map(([Key, Value]) => ({ Key, Value }));
}

function isDenied(error: unknown): boolean {
  return isRenewalFailure(error) && error.code === 'access-denied';
}

/** `arn` is the import that was to be replaced, if any, and `gone` whether it is known to be. */
function importFailure(region: string, arn: string | undefined, error: unknown, gone: boolean): unknown {
  if (!(error instanceof RenewalFailure)) return error;
  const options = { cause: error.cause, details: error.details };
  const words = awsMessage(error);
  switch (gone ? 'ResourceNotFoundException' : awsErrorName(error)) {
    case 'ResourceNotFoundException':
      return new RenewalFailure('target-gone', `ACM in ${region} has no certificate ${arn}: ${words}.`, options);
    case 'LimitExceededException':
      return new RenewalFailure(
        'aws-refused',
        `ACM in ${region} takes no more imports: ${words}. Raise the quota of imported certificates (or of imports in ` +
          'the last 365 days) in Service Quotas, or delete imports that nothing uses.',
        options,
      );
    case 'InvalidArnException':
    case 'InvalidParameterException':
    case 'InvalidTagException':
    case 'TagPolicyException':
    case 'TooManyTagsException':
    case 'ValidationException':
      return new RenewalFailure(
        'target-refused',
        `ACM in ${region} refuses ${arn ? `this certificate in place of ${arn}` : 'this certificate'}: ${words}. The secret ` +
          `has it all the same. Change what ACM names${arn ? ', or delete that import so that a new one is made' : ''}.`,
        options,
      );
    default:
      return error;
  }
}

/**
 * ACM writes `00:9f:0a`, with a sign byte where DER has one; X.509 tools write `9f0a`; moto, and what is built on it, the
 * decimal number. Whole bytes, no leading zero byte.
 */
function plainHex(serial: string): string {
  const hex = /^\d{3,}$/.test(serial) ? BigInt(serial).toString(16) : serial.replaceAll(':', '');
  const digits = hex.toLowerCase().replace(/^0+/, '');
  return digits.length % 2 === 0 && digits !== '' ? digits : digits.padStart(Math.max(2, digits.length + 1), '0');
}
