import * as z from 'zod/mini';
import { canonicalName, isWithin } from './dns-name.ts';

/** A role in another account that may write challenge records in zones there. */
export interface AssumedRole {
  readonly roleArn: string;
  /** What the role's trust policy asks for (`sts:ExternalId`); no secret. */
  readonly externalId?: string | undefined;
}

export const roleArnSchema = z.string().check(
  z.refine((arn) => /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/.test(arn), {
    error: 'must be the ARN of an IAM role, such as arn:aws:iam::123456789012:role/evercert-dns',
  }),
);

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export const externalIdSchema = z.string().check(
  z.refine((id) => /^[\w+=,.@:/-]{2,1224}$/.test(id), {
    error: 'must be 2 to 1224 letters, digits and _+=,.@:/-',
  }),
);

/** The role of every zone at or below a name: for names whose zones are in another account, whoever asks. */
export interface ZoneRole extends AssumedRole {
  readonly zone: string;
}

/**
 * The accounts in which the zone of a record is looked for, in this order; `undefined` is our own. The role of the
 * longest zone that covers the record decides alone. Without one it is the certificate's role; where a CNAME record leads,
 * our own account comes after it, because the certificate's role is about the certificate's names.
 */
export function rolesFor(
  recordName: string,
  zoneRoles: readonly ZoneRole[],
  certificateRole: AssumedRole | undefined,
  followed: boolean,
): readonly (AssumedRole | undefined)[] {
  const name = canonicalName(recordName);
  const [covering] = zoneRoles
    .filter(({ zone }) => isWithin(name, canonicalName(zone)))
    .toSorted((a, b) => b.zone.length - a.zone.length);
  if (covering) return [bare(covering)];
  if (!certificateRole) return [undefined];
  return followed ? [certificateRole, undefined] : [certificateRole];
}

export function sameRole(a: AssumedRole | undefined, b: AssumedRole | undefined): boolean {
  return a?.roleArn === b?.roleArn && a?.externalId === b?.externalId;
}

/** `account 123456789012 (role arn:…)`, or `this account`. */
export function accountOf(role: AssumedRole | undefined): string {
  if (!role) return 'this account';
  return `account ${role.roleArn.split(':')[4]} (role ${role.roleArn})`;
}

function bare({ roleArn, externalId }: AssumedRole): AssumedRole {
  return { roleArn, ...(externalId === undefined ? {} : { externalId }) };
}
