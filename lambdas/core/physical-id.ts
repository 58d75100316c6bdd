import { KEY_TYPES, type KeyType } from './key-type.ts';

/**
 * The physical id of a stack's certificate: `leane.dev:ecdsa-p256`. ACM freezes the key type of an ARN, so another key
 * type is another resource, whose imports have ARNs of their own; another name is another secret.
 */
export interface PhysicalId {
  readonly name: string;
  readonly key: KeyType;
}

export function physicalIdOf({ name, key }: PhysicalId): string {
  return `${name}:${key}`;
}

/**
 * What a Create answers that the function could not begin, for want of readable settings. The Delete that follows finds a
 * function that can't begin either, and by this id it knows that there is nothing.
 */
export const NOT_BEGUN = 'not-begun';

/** `undefined` for an id that isn't ours: CloudFormation makes one up for a Create that never answered. */
export function parsePhysicalId(text: string): PhysicalId | undefined {
  const [name = '', keyName, more] = text.split(':');
  const key = KEY_TYPES.find((known) => known === keyName);
  return name !== '' && key && more === undefined ? { name, key } : undefined;
}
