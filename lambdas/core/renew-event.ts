import * as z from 'zod/mini';
import { certificateNameSchema } from './certificate-name.ts';
import { certificateSpecSchema } from './certificate-spec.ts';
import { parseInput } from './input.ts';
import { REVOCATION_REASONS, type RevocationReason } from './revocation-reason.ts';

/** Revokes the live certificate, after another one with a new key has taken its place (docs/operations/revocation.md). */
const revokeSchema = z.strictObject({
  reason: z.enum(Object.keys(REVOCATION_REASONS) as RevocationReason[]),
  /** Revokes first: whoever still serves it fails until the other one is there. */
  immediate: z._default(z.boolean(), false),
  /** Of the live certificate, hex: what `openssl x509 -serial` shows. */
  serialNumber: z.optional(
    z.string().check(
      z.refine((text) => /^[0-9a-f]{2}(:?[0-9a-f]{2})*$/i.test(text), {
        error: 'must be a serial number in hexadecimal',
      }),
    ),
  ),
});

export type Revoke = z.output<typeof revokeSchema>;

const eventSchema = z.strictObject({
  certificate: certificateNameSchema,
  force: z._default(z.boolean(), false),
  /** Creates the managed certificate or changes what is wanted of it. */
  spec: z.optional(certificateSpecSchema),
  /**
   * `provision` waits for this run: it doesn't wait for a back-off, believes ACM instead of the tags, and writes down
   * under this name how it ended (tag `evercert:answered`).
   */
  request: z.optional(
    z.string().check(z.refine((text) => /^[0-9a-f]{64}$/.test(text), { error: 'must be 64 hexadecimal digits' })),
  ),
  revoke: z.optional(revokeSchema),
  /** The certificate's name once more, with `revoke`. */
  confirm: z.optional(z.string()),
});

const renewEventSchema = eventSchema.check(
  z.refine(({ revoke, confirm, certificate }) => revoke === undefined || confirm === certificate, {
    path: ['confirm'],
    error: 'must repeat the name of the certificate that is to be revoked, exactly as certificate has it',
  }),
  z.refine(({ revoke, confirm }) => revoke !== undefined || confirm === undefined, {
    path: ['confirm'],
    error: 'is for revoke, which is missing',
  }),
  z.refine(({ revoke, spec }) => revoke === undefined || spec === undefined, {
    path: ['spec'],
    error: 'can not be changed by the same event that revokes',
  }),
);

export type RenewEvent = z.output<typeof renewEventSchema>;

/** Throws `invalid-input` with one sentence that names the field. */
export function parseRenewEvent(input: unknown): RenewEvent {
  return parseInput(renewEventSchema, input, 'renew event');
}
