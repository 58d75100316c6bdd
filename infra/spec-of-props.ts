import { Token } from 'aws-cdk-lib';
import {
  type CertificateSpec,
  type CertificateSpecInput,
  parseCertificateSpec,
} from '../lambdas/core/certificate-spec.ts';
import type { AcmeCertificateProps } from './acme-certificate-props.ts';
import type { AcmeIssuer } from './acme-issuer.ts';
import { definedOnly } from './defined-only.ts';
import { expectKnownRegion } from './regions.ts';

/** Stands for the id of a zone that CloudFormation knows when it deploys, or CDK when it has looked it up. */
const KNOWN_LATER = 'Z0KNOWNLATER';

/** What `HostedZone.fromLookup` has for an id until CDK has looked. */
const NOT_LOOKED_UP = 'DUMMY';

/** The same spec with the id of the zone as the props have it, token or not, for CloudFormation. */
export function withZoneOf(spec: CertificateSpec, { hostedZoneId }: AcmeCertificateProps): CertificateSpec {
  return hostedZoneId === undefined ? spec : { ...spec, dns: { ...spec.dns, hostedZoneId } };
}

/**
 * The spec that a construct's props ask for; of a hosted zone that is known later with an id that stands for it. Throws
 * `invalid-input` that names the certificate and the field.
 */
export function specOf(
  name: string,
  props: AcmeCertificateProps,
  issuers: readonly AcmeIssuer[],
  stackRegion: string,
): CertificateSpec {
  const { domainNames, key, reuseKey, profile, preferredChain, renewBefore } = props;
  const { dnsRole, followCname } = props;
  const later = Token.isUnresolved(props.hostedZoneId) || props.hostedZoneId === NOT_LOOKED_UP;
  const hostedZoneId = later ? KNOWN_LATER : props.hostedZoneId;
  const what = `certificate ${name}`;
  const acm = [...(props.acm ?? [stackRegion])];
  for (const region of acm) expectKnownRegion(region, `${what}: acm`);
  const input: { [F in keyof CertificateSpecInput]: CertificateSpecInput[F] | undefined } = {
    domainNames: [...domainNames],
    issuer: issuers.map(({ issuerName }) => issuerName),
    acm,
    key,
    reuseKey,
    profile,
    preferredChain,
    renewBefore,
    dns: definedOnly({ hostedZoneId, roleArn: dnsRole?.roleArn, externalId: dnsRole?.externalId, followCname }),
  };
  return parseCertificateSpec(definedOnly(input), what);
}
