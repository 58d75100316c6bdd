import type { AccessOf } from './iam.ts';
import { parseChangeBatch } from './route53-xml.ts';

const KEY = 'route53:ChangeResourceRecordSets';

/**
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html and, for the three keys of
 * ChangeResourceRecordSets, https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-conditions-route53.html
 */
export const route53Access: AccessOf = (operation, { path, body }) => {
  const action = `route53:${operation}`;
  const [, kind, id = ''] = /^\/2013-04-01\/(hostedzone|change)\/([^/]+)/.exec(path) ?? [];
  if (kind === undefined) return [{ action, resource: '*' }];
  const resource = `arn:aws:route53:::${kind}/${decodeURIComponent(id)}`;
  if (operation !== 'ChangeResourceRecordSets') return [{ action, resource }];
  const { changes } = parseChangeBatch(body);
  const unique = (values: readonly string[]) => [...new Set(values)];
  const context = {
    // Lower case, no trailing dot, everything unusual as an octal escape: as `recordSet.name` but for the dot.
    [`${KEY}NormalizedRecordNames`]: unique(changes.map(({ recordSet }) => recordSet.name.replace(/\.$/, ''))),
    [`${KEY}RecordTypes`]: unique(changes.map(({ recordSet }) => recordSet.type)),
    [`${KEY}Actions`]: unique(changes.map((change) => change.action)),
  };
  return [{ action, resource, context }];
};
