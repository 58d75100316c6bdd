import {
  type CertificateTags,
  KEPT_TAG,
  RENEWER_TAG,
  tagOf,
  writeCertificateTags,
} from '../../core/certificate-tags.ts';
import type { ProvisionRequest } from '../../core/provision-event.ts';
import type { SecretDescription, SecretVault } from '../ports/secret-vault.ts';

/** A resource of a stack, as a certificate's tags name it. */
export type Owner = Pick<ProvisionRequest, 'stackId' | 'logicalId'>;

type OwnerTags = Pick<CertificateTags, 'stack' | 'logicalId'>;

export function isOwner({ stackId, logicalId }: Owner, tags: OwnerTags): boolean {
  return tags.stack === stackId && tags.logicalId === logicalId;
}

/**
 * Whether another stack owns it. A stack's id ends in a UUID of its own: a stack of the same name in the same account and
 * region is the same stack, or the one that was created after the owner had been deleted.
 */
export function ownedByAnother({ stackId }: Pick<Owner, 'stackId'>, { stack }: Pick<OwnerTags, 'stack'>): boolean {
  return stack !== undefined && withoutUuid(stack) !== withoutUuid(stackId);
}

function withoutUuid(stackId: string): string {
  return stackId.replace(/\/[^/]*$/, '');
}

/** No longer managed and nobody's, but still ours: a later Create takes it over. */
export async function keep(
  { arn }: Pick<SecretDescription, 'arn'>,
  { vault, settings }: { readonly vault: SecretVault; readonly settings: { readonly renewer: string } },
): Promise<void> {
  await unmanage({ arn }, { vault, settings });
  await disown({ arn }, vault);
}

/** From now on no scan and no renewal finds it. */
export async function unmanage(
  { arn }: Pick<SecretDescription, 'arn'>,
  { vault, settings }: { readonly vault: SecretVault; readonly settings: { readonly renewer: string } },
): Promise<void> {
  // In this order: after a crash between the two it is still known as ours.
  await vault.tag(arn, { [KEPT_TAG]: settings.renewer });
  await vault.untag(arn, [RENEWER_TAG]);
}

/** The tag of the requests stays: it tells a late repetition of a request that has been undone. */
export async function disown({ arn }: Pick<SecretDescription, 'arn'>, vault: SecretVault): Promise<void> {
  await vault.untag(arn, [tagOf('stack'), tagOf('logicalId'), tagOf('resource'), tagOf('takenFrom')]);
}

export function ownerTags(
  owner: Owner,
  more: Pick<CertificateTags, 'resource' | 'requests' | 'takenFrom'>,
): Record<string, string> {
  return writeCertificateTags({ stack: owner.stackId, logicalId: owner.logicalId, ...more });
}
