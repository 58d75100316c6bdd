import {
  type CertificateSpec,
  type CertificateSpecInput,
  parseCertificateSpec,
} from '../lambdas/core/certificate-spec.ts';
import type { AcmeCertificateProps } from './acme-certificate-props.ts';
import type { AcmeIssuer } from './acme-issuer.ts';
import { expectKnownRegion } from './regions.ts';

/** The spec that a construct's props ask for. Throws `invalid-input` that names the certificate and the field. */
export function specOf(
  name: string,
  props: AcmeCertificateProps,
  issuers: readonly AcmeIssuer[],
  stackRegion: string,
): CertificateSpec {
  const { domainNames, key, reuseKey, profile, preferredChain, renewBefore, hostedZoneId } = props;
  const { dnsRole, followCname } = props;
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

function definedOnly(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
}
