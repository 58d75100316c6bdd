import type { EvercertConfig } from '../../infra/app-config.ts';

const ISSUER = {
  // The sandbox puts the address of its CA here, which is known when it runs.
  directoryUrl: 'https://ca.example/directory',
  email: 'ops@leane.dev',
} as const;

/**
 * What the sandbox deploys: the app as `npx cdk deploy -c config=…` has it, with what the end-to-end tests adopt. Lambda
 * functions of both kinds are tested, so that the kind is a variable.
 */
export const config: EvercertConfig = {
  region: 'eu-central-1',
  execution: process.env['EVERCERT_SANDBOX_EXECUTION'] === 'direct' ? 'direct' : 'durable',
  issuers: {
    sandbox: ISSUER,
    bound: { ...ISSUER, externalAccountBinding: 'eab' },
  },
  certificates: [
    { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'sandbox', acm: ['eu-central-1', 'us-east-1'] },
    { domainNames: ['bound.leane.dev'], issuer: 'bound', acm: [], removalPolicy: 'destroy' },
  ],
  adoptedSecrets: ['legacy', 'legacy/tls', 'prod-tls', '/prod/_tls'],
  dnsRoles: [
    { zone: 'partner.example', roleArn: 'arn:aws:iam::210987654321:role/evercert-dns', externalId: 'evercert-1' },
  ],
  cnameTargets: ['challenges.leane.net'],
  encryptionKeyArn: 'arn:aws:kms:eu-central-1:123456789012:key/0c1e2f3a-4b5c-4d6e-8f90-a1b2c3d4e5f6',
  otherEncryptionKeyArns: ['arn:aws:kms:eu-central-1:123456789012:key/99999999-8888-7777-6666-555555555555'],
  alertEmails: ['ops@leane.dev'],
};
