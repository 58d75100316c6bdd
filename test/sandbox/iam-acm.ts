import type { Acm } from './acm.ts';
import { ACCOUNT } from './aws-account.ts';
import { optionalText, readInput, requiredText } from './aws-json.ts';
import { readTags } from './aws-tags.ts';
import type { Access, AccessOf } from './iam.ts';
import { requestTags, resourceTags } from './iam-tags.ts';

/**
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscertificatemanager.html
 *
 * A first import has no ARN yet; ACM asks for `certificate/*`, literally
 * (https://docs.aws.amazon.com/acm/latest/userguide/security_iam_troubleshoot.html shows it for a requested one).
 */
export function acmAccess(acm: Acm): AccessOf {
  return (operation, { body, region }) => {
    if (operation === 'ListCertificates') return [{ action: 'acm:ListCertificates', resource: '*' }];
    const input = readInput(body);
    const existing = (action: string, arn: string): Access => {
      const certificate = acm.shownCertificates(region).find((each) => each.arn === arn);
      return { action, resource: arn, context: resourceTags(certificate?.tags), exists: certificate !== undefined };
    };
    if (operation !== 'ImportCertificate') {
      const access = existing(`acm:${operation}`, requiredText(input, 'CertificateArn'));
      return [{ ...access, context: { ...access.context, ...requestTags(readTags(input)) } }];
    }
    const arn = optionalText(input, 'CertificateArn');
    if (arn !== undefined) return [existing('acm:ImportCertificate', arn)];
    const resource = `arn:aws:acm:${region}:${ACCOUNT}:certificate/*`;
    const context = requestTags(readTags(input));
    const first = { action: 'acm:ImportCertificate', resource, context };
    // https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html
    const tag = { action: 'acm:AddTagsToCertificate', resource, context };
    return Object.keys(context).length > 0 ? [first, tag] : [first];
  };
}
