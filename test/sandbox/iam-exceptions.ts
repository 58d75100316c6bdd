import type { ExpectedDenial } from './iam.ts';

/** The only place for denials that fail no test. */
export const EXPECTED_DENIALS: readonly ExpectedDenial[] = [
  {
    reason:
      'A certificate may be adopted under its bare name: evercert looks whether there is such a secret, and one that the ' +
      'role may not see is none of its.',
    isExpected: ({ action, resource }) =>
      action === 'secretsmanager:DescribeSecret' && !/:secret:evercert\//.test(resource),
  },
  {
    reason:
      'An import that is gone has no tag that a condition could match: evercert asks whether it is, and then imports ' +
      'anew, or has nothing to delete.',
    isExpected: ({ action, exists }) => /^acm:(Import|Delete)Certificate$/.test(action) && exists === false,
  },
];

/** The only place for grants that no end-to-end test can use; each with its reason. */
export const UNUSED_GRANTS: Readonly<Record<string, string>> = {};
