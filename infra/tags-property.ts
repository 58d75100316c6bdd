import { Stack, type TagManager } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { refusal } from './refuse.ts';

const RESERVED = 'evercert:';

/**
 * The tags of a construct and of its stack, as one JSON string for a custom resource, because CloudFormation gives its own
 * tags to resources of AWS's types alone. `undefined` when there are none.
 */
export function tagsProperty(construct: Construct, own: TagManager): string | undefined {
  const stack = Stack.of(construct);
  const tags = Object.entries({ ...stack.tags.tagValues(), ...own.tagValues() });
  const reserved = tags.find(([key]) => key.startsWith(RESERVED));
  if (reserved) {
    throw refusal(
      `the tag ${reserved[0]} of ${construct.node.path} begins with ${RESERVED}, which evercert keeps for itself`,
    );
  }
  if (tags.length === 0) return undefined;
  return stack.toJsonString(Object.fromEntries(tags.sort(([a], [b]) => (a < b ? -1 : 1))));
}
