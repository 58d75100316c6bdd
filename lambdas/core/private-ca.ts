import * as z from 'zod/mini';
import { parseInput } from './input.ts';
import { issuerNameSchema } from './issuer-name.ts';
import type { IssuerSettings } from './issuer-settings.ts';

/**
 * How a CA is reached that public roots and addresses don't lead to. A scan needs it to ask for renewal information, and
 * may not read the issuer's secret: the deployment puts it into a layer of the function, one file for each issuer.
 */
const privateCaSchema = z.strictObject({
  /** PEM roots, trusted in addition to the public ones. */
  caBundle: z.optional(z.string()),
  allowPrivateAddresses: z._default(z.boolean(), false),
  allowHttp: z._default(z.boolean(), false),
});

export type PrivateCa = z.output<typeof privateCaSchema>;

/** What is particular about an issuer's CA; `undefined` when it is reached like any other. */
export function privateCaOf({ caBundle, allowPrivateAddresses, allowHttp }: IssuerSettings): PrivateCa | undefined {
  if (caBundle === undefined && !allowPrivateAddresses && !allowHttp) return undefined;
  return { allowPrivateAddresses, allowHttp, ...(caBundle === undefined ? {} : { caBundle }) };
}

/** Throws `invalid-input` that names the field. */
export function parsePrivateCa(input: unknown, what: string): PrivateCa {
  return parseInput(privateCaSchema, input, what);
}

/** The file of an issuer, within the folder of all; `undefined` for what is no issuer's name. */
export function privateCaFile(issuer: string): string | undefined {
  return z.safeParse(issuerNameSchema, issuer).success ? `${issuer}.json` : undefined;
}
