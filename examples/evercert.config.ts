import type { EvercertConfig } from '../infra/app-config.ts';

/** `npx cdk deploy -c config=examples/evercert.config.ts` */
export const config: EvercertConfig = {
  region: 'eu-central-1',
  issuers: {
    letsencrypt: { authority: 'letsencrypt', email: 'ops@leane.dev' },
    zerossl: { authority: 'zerossl', email: 'ops@leane.dev', externalAccountBinding: 'zerossl-binding' },
  },
  certificates: [
    { domainNames: ['leane.dev', '*.leane.dev'], issuer: 'letsencrypt', acm: ['eu-central-1', 'us-east-1'] },
    { name: 'mail', domainNames: ['mail.leane.dev'], issuer: ['letsencrypt', 'zerossl'], key: 'rsa-2048', acm: [] },
    { domainNames: ['iot.leane.dev'], issuer: 'letsencrypt', profile: 'shortlived', waitForIssuance: false },
  ],
  alertEmails: ['ops@leane.dev'],
  // Left out, there is one; it costs $3 a month.
  dashboard: false,
  tags: { team: 'platform' },
};
