import * as z from 'zod/mini';
import { type CertificateSpec, parseCertificateSpec } from './certificate-spec.ts';
import { messageOf, RenewalFailure } from './failure.ts';
import { parseInput } from './input.ts';
import { issuerNameSchema } from './issuer-name.ts';
import { type IssuerSettings, parseIssuerSettings } from './issuer-settings.ts';
import { expectRoomForTags, parseStackTags, type StackTags } from './stack-tags.ts';

export const ISSUER_TYPE = 'Custom::AcmeIssuer';
export const CERTIFICATE_TYPE = 'Custom::AcmeCertificate';

/**
 * Where an answer to CloudFormation goes, and what it has to repeat verbatim:
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
 */
export interface AnswerAddress {
  readonly responseUrl: string;
  readonly stackId: string;
  readonly requestId: string;
  readonly logicalId: string;
  /** Missing in a Create. */
  readonly physicalId: string | undefined;
}

/** One request of CloudFormation. Its properties are not judged yet: a Delete has to work whatever they are. */
export interface ProvisionRequest extends AnswerAddress {
  readonly type: 'Create' | 'Update' | 'Delete';
  readonly resourceType: string;
  readonly properties: unknown;
  /** In an Update. */
  readonly oldProperties: unknown;
}

/** What an answer of 4,096 bytes repeats: half of it at most, and ASCII, so that each character is a byte. */
const repeated = (longest: number) =>
  z.string().check(
    z.refine((text) => text.length <= longest && /^[ !#-[\]-~]*$/.test(text), {
      error: `must be at most ${longest} printable characters of ASCII`,
    }),
  );

const addressSchema = z.object({
  ResponseURL: z.string().check(z.minLength(1)),
  // As tags hold them.
  StackId: z._default(repeated(256), ''),
  RequestId: z._default(repeated(256), ''),
  LogicalResourceId: z._default(repeated(255), ''),
  // https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html: a kilobyte.
  PhysicalResourceId: z.optional(repeated(1_024)),
});

const requestSchema = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  StackId: z.string().check(z.minLength(1)),
  RequestId: z.string().check(z.minLength(1)),
  LogicalResourceId: z.string().check(z.minLength(1)),
  ResourceType: z.string(),
  ResourceProperties: z.optional(z.unknown()),
  OldResourceProperties: z.optional(z.unknown()),
});

/** Throws `invalid-input` when nobody can be answered. */
export function parseAnswerAddress(input: unknown): AnswerAddress {
  const address = parseInput(addressSchema, input, 'custom resource event');
  return {
    responseUrl: address.ResponseURL,
    stackId: address.StackId,
    requestId: address.RequestId,
    logicalId: address.LogicalResourceId,
    physicalId: address.PhysicalResourceId,
  };
}

/** Throws `invalid-input` that names the field. */
export function parseProvisionRequest(input: unknown): ProvisionRequest {
  const request = parseInput(requestSchema, input, 'custom resource event');
  return {
    ...parseAnswerAddress(input),
    type: request.RequestType,
    resourceType: request.ResourceType,
    properties: request.ResourceProperties,
    oldProperties: request.OldResourceProperties,
  };
}

export interface IssuerProperties {
  readonly name: string;
  readonly settings: IssuerSettings;
  /** Of the secret. */
  readonly tags: StackTags;
}

/** Other properties may be there: CloudFormation's own, and those of a newer construct. */
const issuerPropertiesSchema = z.object({
  Name: issuerNameSchema,
  Settings: z.string(),
  Tags: z.optional(z.string()),
});

/** Throws `invalid-input` that names the property. */
export function parseIssuerProperties(properties: unknown): IssuerProperties {
  const { Name: name, Settings, Tags } = parseInput(issuerPropertiesSchema, properties, `${ISSUER_TYPE} properties`);
  const settings = parseIssuerSettings(parseJson(Settings, `Settings of issuer ${name}`), `issuer ${name}`);
  return { name, settings, tags: parseTags(Tags, 0, `Tags of issuer ${name}`) };
}

export interface CertificateProperties {
  readonly name: string;
  readonly spec: CertificateSpec;
  readonly waitForIssuance: boolean;
  readonly removalPolicy: 'retain' | 'destroy';
  /** Of the secret and of the imports. */
  readonly tags: StackTags;
}

/** A physical id holds the name, and a tag with 256 characters holds the id. */
const ownedNameSchema = z.string().check(
  z.refine((name) => /^(?!_issuers\/)[A-Za-z0-9/_+=.@-]{1,200}$/.test(name), {
    error: 'must be at most 200 letters, digits and /_+=.@-',
  }),
);

/** CloudFormation turns every scalar into a string. */
const certificatePropertiesSchema = z.object({
  Name: ownedNameSchema,
  Spec: z.string(),
  WaitForIssuance: z._default(z.enum(['true', 'false']), 'true'),
  RemovalPolicy: z._default(z.enum(['retain', 'destroy']), 'retain'),
  Tags: z.optional(z.string()),
});

/** Throws `invalid-input` that names the property. */
export function parseCertificateProperties(properties: unknown): CertificateProperties {
  const parsed = parseInput(certificatePropertiesSchema, properties, `${CERTIFICATE_TYPE} properties`);
  const what = `Spec of certificate ${parsed.Name}`;
  const spec = parseCertificateSpec(parseJson(parsed.Spec, what), what);
  const tags = parseTags(parsed.Tags, spec.acm.length, `Tags of certificate ${parsed.Name}`);
  return {
    name: parsed.Name,
    spec,
    tags,
    waitForIssuance: parsed.WaitForIssuance === 'true',
    removalPolicy: parsed.RemovalPolicy,
  };
}

function parseTags(text: string | undefined, regions: number, what: string): StackTags {
  const tags = text === undefined ? {} : parseStackTags(parseJson(text, what), what);
  expectRoomForTags(tags, regions, what);
  return tags;
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RenewalFailure('invalid-input', `${what} is not JSON: ${messageOf(error)}`, { cause: error });
  }
}
