import { CustomResource, type ITaggableV2, Lazy, Stack, TagManager, TagType, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { type IssuerSettings, parseIssuerSettings } from '../lambdas/core/issuer-settings.ts';
import { privateCaOf } from '../lambdas/core/private-ca.ts';
import { ISSUER_TYPE } from '../lambdas/core/provision-event.ts';
import type { Trust } from '../lambdas/core/trust.ts';
import { CERTIFICATE_AUTHORITIES, type CertificateAuthorityName } from './certificate-authorities.ts';
import type { CertificateRenewer } from './certificate-renewer.ts';
import { parseIssuerName } from './names.ts';
import { PROVISION_TIMEOUT } from './provision-timeout.ts';
import { refusal } from './refusal.ts';
import { expectEnvironmentOf } from './same-environment.ts';
import { tagsProperty } from './tags-property.ts';

/** An account at a CA that is known by name. */
export interface AcmeAccountProps {
  /** The engine that uses the account. */
  readonly renewer: CertificateRenewer;

  /**
   * By which specs name it.
   *
   * @default - the CA's short name: letsencrypt, letsencrypt-staging, zerossl, google, acm
   */
  readonly issuerName?: string;

  /**
   * Where the CA writes to.
   *
   * @default - none; Let's Encrypt sends no expiry mail any more
   */
  readonly email?: string;

  /**
   * Any text: deploying another one than before gives the account a new key. docs/operations/revocation.md
   *
   * @default - the account keeps its key
   */
  readonly keyRollover?: string;
}

/** An account at a CA that wants an external account binding (RFC 8555, section 7.3.4). */
export interface BoundAcmeAccountProps extends AcmeAccountProps {
  /** Name or ARN of a secret with `{"kid": "…", "hmacKey": "…"}`; of a secret of the same app its `secretArn`. */
  readonly externalAccountBinding: string;
}

/** An account at a CA that issues through ACM's own ACME endpoint. */
export interface AcmAcmeAccountProps extends BoundAcmeAccountProps {
  /** The endpoint's directory URL, such as `CfnAcmeEndpoint.attrEndpointUrl`. */
  readonly directoryUrl: string;
}

export interface AcmeIssuerProps extends AcmeAccountProps {
  readonly issuerName: string;

  /** Of the CA, https. */
  readonly directoryUrl: string;

  /**
   * Name or ARN of a secret with `{"kid": "…", "hmacKey": "…"}`; of a secret of the same app its `secretArn`.
   *
   * @default - the CA opens accounts without one
   */
  readonly externalAccountBinding?: string;

  /**
   * What chains have to end in before a pair goes live: `public` roots, the roots of `caBundle` (`bundle`), or `none` for a
   * staging CA.
   *
   * @default 'public'
   */
  readonly trust?: Trust;

  /**
   * PEM roots, for the CA's HTTPS and for `trust: 'bundle'`.
   *
   * @default - public roots alone
   */
  readonly caBundle?: string;

  /**
   * Hosts other than the directory's that the CA's URLs may point to.
   *
   * @default - none
   */
  readonly allowedHosts?: readonly string[];

  /**
   * For a CA in a private network.
   *
   * @default false
   */
  readonly allowPrivateAddresses?: boolean;
}

/** Stands for a directory URL that CloudFormation knows when it deploys. */
const KNOWN_AT_DEPLOYMENT = 'https://known-at-deployment.invalid/directory';

/** An ACME CA and our account with it. Deploying it registers the account, so that a wrong one fails there. */
export class AcmeIssuer extends Construct implements ITaggableV2 {
  /** Let's Encrypt: certificates that browsers trust. */
  static letsEncrypt(scope: Construct, id: string, props: AcmeAccountProps): AcmeIssuer {
    return wellKnown(scope, id, 'letsencrypt', props);
  }

  /** Let's Encrypt's staging environment: generous limits, certificates that nobody trusts. */
  static letsEncryptStaging(scope: Construct, id: string, props: AcmeAccountProps): AcmeIssuer {
    return wellKnown(scope, id, 'letsencrypt-staging', props);
  }

  static zeroSsl(scope: Construct, id: string, props: BoundAcmeAccountProps): AcmeIssuer {
    return wellKnown(scope, id, 'zerossl', props);
  }

  static googleTrustServices(scope: Construct, id: string, props: BoundAcmeAccountProps): AcmeIssuer {
    return wellKnown(scope, id, 'google', props);
  }

  /**
   * An ACME endpoint of AWS Certificate Manager:
   * https://docs.aws.amazon.com/acm/latest/userguide/acm-acme-issuance.html
   */
  static acm(scope: Construct, id: string, props: AcmAcmeAccountProps): AcmeIssuer {
    return new AcmeIssuer(scope, id, { issuerName: 'acm', ...props });
  }

  readonly renewer: CertificateRenewer;
  readonly issuerName: string;
  /** The account's URL at the CA, known after the deployment. */
  readonly accountUrl: string;
  readonly directoryUrl: string;
  /** Tags of the secret; the stack's tags are among them. */
  readonly cdkTagManager = new TagManager(TagType.KEY_VALUE, ISSUER_TYPE);

  constructor(scope: Construct, id: string, props: AcmeIssuerProps) {
    super(scope, id);
    const { renewer, externalAccountBinding } = props;
    this.issuerName = parseIssuerName(props.issuerName);
    expectEnvironmentOf(
      renewer,
      this,
      `issuer ${this.issuerName}`,
      `put it into a stack of ${Stack.of(renewer).region}`,
    );
    const settings = settingsOf(this.issuerName, props);
    renewer.takeName('issuer', this.issuerName);
    if (externalAccountBinding !== undefined) renewer.allowBinding(externalAccountBinding);
    const privateCa = privateCaOf(settings);
    if (privateCa) renewer.reachPrivateCa(this.issuerName, privateCa);
    this.renewer = renewer;

    const resource = new CustomResource(this, 'Resource', {
      resourceType: ISSUER_TYPE,
      serviceToken: renewer.provisionFunction.functionArn,
      serviceTimeout: PROVISION_TIMEOUT,
      properties: {
        Name: this.issuerName,
        Settings: Stack.of(this).toJsonString(settings),
        Tags: Lazy.any({ produce: () => tagsProperty(this, this.cdkTagManager, 0) }),
      },
    });
    this.accountUrl = resource.getAttString('AccountUrl');
    this.directoryUrl = resource.getAttString('DirectoryUrl');
  }
}

function wellKnown(
  scope: Construct,
  id: string,
  name: CertificateAuthorityName,
  props: AcmeAccountProps & { readonly externalAccountBinding?: string },
): AcmeIssuer {
  const { directoryUrl, trust } = CERTIFICATE_AUTHORITIES[name];
  return new AcmeIssuer(scope, id, { issuerName: name, ...props, directoryUrl, trust });
}

function settingsOf(name: string, props: AcmeIssuerProps): IssuerSettings {
  const { renewer: _engine, issuerName: _name, externalAccountBinding, allowedHosts, ...rest } = props;
  const late = Token.isUnresolved(props.directoryUrl);
  if (Token.isUnresolved(props.caBundle)) {
    throw refusal(`issuer ${name}: caBundle has to be known at synth: read it from a file`);
  }
  const input = {
    ...rest,
    ...(allowedHosts ? { allowedHosts: [...allowedHosts] } : {}),
    ...(externalAccountBinding === undefined ? {} : { externalAccountBinding: { secret: externalAccountBinding } }),
    directoryUrl: late ? KNOWN_AT_DEPLOYMENT : props.directoryUrl,
  };
  const settings = parseIssuerSettings(input, `issuer ${name}`);
  const known = Object.values(CERTIFICATE_AUTHORITIES).find(
    ({ directoryUrl }) => directoryUrl === settings.directoryUrl,
  );
  if (known?.needsBinding && externalAccountBinding === undefined) {
    throw refusal(
      `issuer ${name}: externalAccountBinding is missing; ${settings.directoryUrl} opens no account without`,
    );
  }
  return { ...settings, directoryUrl: props.directoryUrl };
}
