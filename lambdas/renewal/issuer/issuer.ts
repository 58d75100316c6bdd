import type { AcmeSession } from '../../acme/session.ts';
import type { IssuerSettings } from '../../core/issuer-settings.ts';
import type { SecretDescription } from '../ports/secret-vault.ts';

/** An issuer as it was read: what its account is registered with, and given another key. */
export interface IssuerRecord {
  readonly name: string;
  readonly settings: IssuerSettings;
  readonly secret: SecretDescription;
  /** A session with this key; for the account at `accountUrl`, if that is given. */
  readonly sessionOf: (accountKey: string, accountUrl?: string) => AcmeSession;
  /** The URL of an account that the CA has forgotten. */
  readonly forgotten: string | undefined;
}

/** A CA that may be asked: its settings, and a session in which our account is known. */
export interface OpenIssuer {
  readonly name: string;
  readonly arn: string;
  readonly settings: IssuerSettings;
  readonly session: AcmeSession;
  readonly accountUrl: string;
}
