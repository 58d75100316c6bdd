import { InvalidCertificate, keyMatches, readCertificate } from '../acme/certificate.ts';
import { certificateName, isSecretArn, secretName } from '../core/certificate-name.ts';
import { type CertificateSpec, parseCertificateSpec } from '../core/certificate-spec.ts';
import { type CertificateTags, RENEWER_TAG, readCertificateTags } from '../core/certificate-tags.ts';
import { coveringWildcard } from '../core/domain-name.ts';
import type { LivePair } from '../core/due.ts';
import { messageOf, RenewalFailure } from '../core/failure.ts';
import type { KeyType } from '../core/key-type.ts';
import { parseSecretValue } from '../core/secret-value.ts';
import type { Settings } from '../core/settings.ts';
import type { SecretDescription, SecretVault } from './ports/secret-vault.ts';
import { LIVE, SPEC } from './stages.ts';

/** One managed certificate as its secret describes it at this moment. */
export interface ManagedCertificate {
  readonly name: string;
  readonly arn: string;
  readonly stages: Readonly<Record<string, string>>;
  readonly tags: CertificateTags;
  readonly spec: CertificateSpec;
  /** The version of the spec; `undefined` for an adopted certificate, which is its own spec. */
  readonly specVersion: string | undefined;
  readonly liveVersion: string;
  readonly live: LivePair;
}

/**
 * Finds the secret of a certificate by the certificate's name: `<prefix>/<name>`, or a secret of exactly that name or ARN.
 * Throws `unknown-certificate` when there is none that carries our tag, or when two do.
 */
export async function describeCertificate(
  name: string,
  vault: SecretVault,
  settings: Settings,
): Promise<SecretDescription> {
  const secret = await findCertificate(name, vault, settings);
  if (secret) return secret;
  throw new RenewalFailure(
    'unknown-certificate',
    `no certificate ${name}: there is no secret ${candidates(name, settings).join(' or ')} with the tag ` +
      `${RENEWER_TAG}=${settings.renewer}. Create it with a renew event that has a spec, or adopt an existing secret by giving it that tag.`,
  );
}

export async function findCertificate(
  name: string,
  vault: SecretVault,
  settings: Settings,
): Promise<SecretDescription | undefined> {
  const described = await Promise.all(candidates(name, settings).map((candidate) => vault.describe(candidate)));
  const [secret, other] = described.filter((found) => found?.tags[RENEWER_TAG] === settings.renewer);
  if (!other) return secret;
  throw new RenewalFailure(
    'unknown-certificate',
    `${name} names two certificates, in the secrets ${secret?.name} and ${other.name}: give the ARN of the one that is meant`,
  );
}

function candidates(name: string, settings: Settings): readonly string[] {
  return isSecretArn(name) ? [name] : [secretName(settings.prefix, name), name];
}

/** Reads the values: the spec and the live pair. Throws `corrupt-secret` when nothing says what is wanted. */
export async function readManagedCertificate(
  secret: SecretDescription,
  vault: SecretVault,
  settings: Settings,
): Promise<ManagedCertificate> {
  const name = certificateName(settings.prefix, secret.name);
  const liveVersion = secret.stages[LIVE];
  const specVersion = secret.stages[SPEC];
  if (liveVersion === undefined) {
    throw new RenewalFailure(
      'corrupt-secret',
      `the secret ${secret.name} has no version AWSCURRENT: put a value into it`,
    );
  }
  const [value, specText] = await Promise.all([
    vault.read(secret.arn, liveVersion),
    specVersion === undefined ? undefined : vault.read(secret.arn, specVersion),
  ]);
  const live = livePair(value ?? '');
  return {
    name,
    arn: secret.arn,
    stages: secret.stages,
    tags: readCertificateTags(secret.tags),
    spec: specText === undefined ? adoptedSpec(live, secret.name, settings) : readSpec(specText, secret.name),
    specVersion,
    liveVersion,
    live,
  };
}

/** What a secret's value holds, looked at as X.509. */
function livePair(value: string): LivePair {
  const parsed = parseSecretValue(value);
  if (parsed.kind !== 'pair') return parsed;
  try {
    const facts = readCertificate(parsed.certificate);
    if (!keyMatches(parsed.certificate, parsed.privateKey)) {
      return { kind: 'broken', problem: 'the private key does not belong to the certificate' };
    }
    return { kind: 'pair', ...facts, directoryUrl: parsed.directoryUrl };
  } catch (error) {
    if (error instanceof InvalidCertificate)
      return { kind: 'broken', problem: `the certificate can not be read: ${error.message}` };
    throw error;
  }
}

function readSpec(text: string, secret: string): CertificateSpec {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new RenewalFailure(
      'corrupt-secret',
      `the spec of ${secret} (version ACME_SPEC) is not JSON: ${messageOf(error)}`,
    );
  }
  return parseCertificateSpec(json, `spec of ${secret}`);
}

/**
 * A certificate that came from elsewhere is renewed with the names and the key type that it has. Names that a wildcard
 * of the same certificate covers are left out: CAs refuse them as redundant.
 */
function adoptedSpec(live: LivePair, secret: string, settings: Settings): CertificateSpec {
  if (live.kind !== 'pair') {
    const found = live.kind === 'none' ? 'it holds no certificate and key' : live.problem;
    throw new RenewalFailure(
      'corrupt-secret',
      `the secret ${secret} can not be adopted: ${found}. Put a certificate and its key into it as PEM, or write a spec.`,
    );
  }
  const { domainNames, keyType } = live;
  return parseCertificateSpec(
    {
      domainNames: domainNames.filter((name) => !domainNames.includes(coveringWildcard(name))),
      issuer: settings.defaultIssuer,
      key: keyType ?? ('ecdsa-p256' satisfies KeyType),
    },
    `adopted certificate in ${secret}`,
  );
}
