import type { RenewalInfoTransports } from '../../acme/renewal-info.ts';
import { type CertificateTags, writeCertificateTags } from '../../core/certificate-tags.ts';
import { isInformedOfLive, renewalTime } from '../../core/due.ts';
import { messageOf } from '../../core/failure.ts';
import type { Validity } from '../../core/lifetime.ts';
import type { PrivateCa } from '../../core/private-ca.ts';
import type { ScanEvent } from '../../core/scan-event.ts';
import { LIVE } from '../../core/stages.ts';
import { askRenewalInfo } from '../issuer/ask-renewal-info.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { SecretDescription, SecretVault } from '../ports/secret-vault.ts';
import type { Pace } from './pace.ts';

/** What the issuing CA is to be asked, and what the answer is weighed against. */
interface Question {
  readonly ariId: string;
  readonly renewalInfoUrl: string;
  readonly issuer: string;
  readonly validity: Validity;
  /** Due by the lifetime rule. */
  readonly renewBy: number;
}

/** What asking needs within one scan. */
export interface AskingPorts {
  readonly vault: Pick<SecretVault, 'tag'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly privateCa: (issuer: string) => PrivateCa | undefined;
  readonly turnToAsk: Pace;
  readonly transports: RenewalInfoTransports;
}

/** `undefined` while nothing is to be asked: the tags describe no live certificate of a CA that answers, or it is too early. */
export function questionFor(
  tags: CertificateTags,
  { stages }: Pick<SecretDescription, 'stages'>,
  { dryRun }: ScanEvent,
  now: number,
): Question | undefined {
  const { ariId, renewalInfo: renewalInfoUrl, ariCheck = 0, notBefore, notAfter, renewBy, issuer = '' } = tags;
  const described = tags.state === 'issued' && tags.version === stages[LIVE] && isInformedOfLive(tags);
  if (dryRun || !described || ariCheck > now || !ariId || !renewalInfoUrl) return undefined;
  if (notBefore === undefined || notAfter === undefined || notAfter <= now || renewBy === undefined) return undefined;
  return { ariId, renewalInfoUrl, issuer, validity: { notBefore, notAfter }, renewBy };
}

/** Asks the issuing CA when its time has come, and remembers the answer. A failure to remember is no failure. */
export async function withSuggestion(
  tags: CertificateTags,
  secret: Pick<SecretDescription, 'arn' | 'name' | 'stages'>,
  event: ScanEvent,
  ports: AskingPorts,
): Promise<CertificateTags> {
  const question = questionFor(tags, secret, event, ports.clock.now());
  // Whose turn does not come is asked about by a later scan.
  if (!question || !(await ports.turnToAsk())) return tags;
  const { ariId, renewalInfoUrl, issuer, validity, renewBy } = question;
  const suggestion = await askRenewalInfo({ ...ports.privateCa(issuer), renewalInfoUrl }, ariId, ports);
  // Without an answer the lifetime rule holds, and an earlier moment that the CA has asked for.
  const renewAt =
    suggestion.renewAt === undefined
      ? Math.min(tags.renewAt ?? renewBy, renewBy)
      : renewalTime(validity, renewBy, suggestion.renewAt);
  // With the certificate that it is about: should the answer be stored late, another one may be live by then.
  const changes = { ariId, ariCheck: suggestion.nextCheck, renewAt };
  try {
    await ports.vault.tag(secret.arn, writeCertificateTags(changes));
  } catch (error) {
    ports.log.warn('the renewal information could not be stored', { secret: secret.name, problem: messageOf(error) });
  }
  return { ...tags, ...changes };
}
