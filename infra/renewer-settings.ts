import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { DurableConfig } from 'aws-cdk-lib/aws-lambda';
import { parseSettings, type Settings, settingsToEnvironment, variableOf } from '../lambdas/core/settings.ts';
import type { CertificateRenewerProps } from './certificate-renewer-props.ts';
import { refusal } from './refusal.ts';

/** Throws `invalid-input` that names the setting. */
export function settingsOf(props: CertificateRenewerProps, execution: Settings['execution']): Settings {
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
  const { [variableOf('renewFunction')]: renewFunction = '', ...environment } = settingsToEnvironment({
    ...settings,
    ...(encryptionKey ? { encryptionKey: encryptionKey.keyArn } : {}),
    ...(renewFunctionArn === undefined ? {} : { renewFunction: renewFunctionArn }),
  });
  return renewFunctionArn === undefined
    ? environment
    : { ...environment, [variableOf('renewFunction')]: renewFunction };
}

/** Of a durable `renew`. */
export function durableConfigOf(props: CertificateRenewerProps): DurableConfig {
  return {
    executionTimeout: props.executionTimeout ?? Duration.hours(24),
    retentionPeriod: props.executionRetention ?? Duration.days(14),
  };
}

/** `minimumRemainingShare`; throws `invalid-input` for what is no share. */
export function percentOf(share: number): number {
  if (share > 0 && share < 100) return share;
  throw refusal(`minimumRemainingShare is ${share}; it is a share of the lifetime in percent, from 1 to 99`);
}
