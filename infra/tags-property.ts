import { Stack, type TagManager, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { expectRoomForTags, parseStackTags } from '../lambdas/core/stack-tags.ts';

/** Stands for a value that CloudFormation knows when it deploys. */
const KNOWN_AT_DEPLOYMENT = 'known-at-deployment';

/**
 * The tags of a construct and of its stack, as one JSON string for a custom resource, because CloudFormation gives its own
 * tags to resources of AWS's types alone. `undefined` when there are none. Throws `invalid-input` for what a secret with this
 * many regions or an import can't have.
 */
export function tagsProperty(construct: Construct, own: TagManager, regions: number): string | undefined {
  const stack = Stack.of(construct);
  const tags = Object.entries({ ...stack.tags.tagValues(), ...own.tagValues() });
  if (tags.length === 0) return undefined;
  const judged = tags.map(([key, value]) => [key, Token.isUnresolved(value) ? KNOWN_AT_DEPLOYMENT : value]);
  const what = `tags of ${construct.node.path}`;
  expectRoomForTags(parseStackTags(Object.fromEntries(judged), what), regions, what);
  return stack.toJsonString(Object.fromEntries(tags.sort(([a], [b]) => (a < b ? -1 : 1))));
}
