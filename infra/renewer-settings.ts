import type { IKey } from 'aws-cdk-lib/aws-kms';
import { parseSettings, type Settings, settingsToEnvironment } from '../lambdas/core/settings.ts';
import type { CertificateRenewerProps, Execution } from './certificate-renewer-props.ts';

/** Throws `invalid-input` that names the setting. */
export function settingsOf(props: CertificateRenewerProps, execution: Execution): Settings {
  const { prefix, renewer, defaultIssuer, dnsResolvers, authoritativePort, lease, propagationTimeout } = props;
  const { dnsRoles, cnameTargets, startsPerMinute, certificateMetrics } = props;
  return parseSettings({
    prefix,
    renewer,
    defaultIssuer,
    execution,
    dnsResolvers,
    authoritativePort,
    dnsRoles,
    cnameTargets,
    startsPerMinute,
    certificateMetrics,
    leaseMinutes: lease?.toMinutes(),
    propagationMinutes: propagationTimeout?.toMinutes(),
  });
}

/** Without `renewFunctionArn` for `renew` itself, which starts nothing and can't be told its own alias. */
export function environmentOf(
  settings: Settings,
  known: { readonly encryptionKey: IKey | undefined; readonly renewFunctionArn?: string },
): Record<string, string> {
  const { encryptionKey, renewFunctionArn } = known;
  const { EVERCERT_RENEW_FUNCTION: renewFunction, ...environment } = settingsToEnvironment({
    ...settings,
    ...(encryptionKey ? { encryptionKey: encryptionKey.keyArn } : {}),
    ...(renewFunctionArn === undefined ? {} : { renewFunction: renewFunctionArn }),
  });
  return renewFunctionArn === undefined
    ? environment
    : { ...environment, EVERCERT_RENEW_FUNCTION: renewFunction ?? '' };
}
