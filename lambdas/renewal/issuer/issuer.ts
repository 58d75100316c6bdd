import type { AcmeSession } from '../../acme/session.ts';
import type { IssuerSettings } from '../../core/issuer-settings.ts';

/** A CA that may be asked: its settings, and a session in which our account is known. */
export interface OpenIssuer {
  readonly name: string;
  readonly arn: string;
  readonly settings: IssuerSettings;
  readonly session: AcmeSession;
  readonly accountUrl: string;
}
