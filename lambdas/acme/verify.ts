import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { sameNames } from '../core/domain-name.ts';
import { RenewalFailure } from '../core/failure.ts';
import { isoInstant } from '../core/instant.ts';
import type { KeyType } from '../core/key-type.ts';
import type { Trust } from '../core/trust.ts';
import {
  alternativeNames,
  factsOf,
  isForKey,
  isSignedBy,
  issuerName,
  maySignCertificates,
  parseChain,
  pathLengthOf,
  subjectName,
} from './certificate.ts';
import { InvalidCertificate, parsePemChain } from './pem-chain.ts';

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const ANY_USAGE = '2.5.29.37.0';

/** How far ahead a CA may date a certificate; whoever publishes it waits that long. */
const LONGEST_WAIT_FOR_VALIDITY = 10 * 60_000;

export interface PairToVerify {
  /** The leaf alone, PEM. */
  readonly certificate: string;
  /** What stands above it, PEM, the leaf's issuer first. */
  readonly chain: string;
  readonly privateKey: string;
  readonly domainNames: readonly string[];
  readonly key: KeyType;
  readonly trust: Trust;
  /** PEM roots for the trust `bundle`. */
  readonly roots?: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Whether a pair may go live. Throws `certificate-rejected` with one sentence about the first thing that is wrong: its
 * key, what the leaf is and for whom, its validity, each link of the chain, and what the chain ends in.
 *
 * The chain may end in an intermediate, in the root, or in a root that is signed by another one: it is trusted when any
 * certificate in it is a trusted root or signed by one, because clients stop there.
 */
export function verifyPair(pair: PairToVerify): void {
  const [leaf, ...more] = parseAll(pair.certificate, 'the certificate');
  if (leaf === undefined || more.length > 0) throw rejected('the leaf is not exactly one certificate');
  const chain = [leaf, ...parseAll(pair.chain, 'the chain')];
  verifyLeaf(leaf, pair);
  verifyLinks(chain, pair.now);
  if (pair.trust !== 'none') verifyAnchor(chain, rootsOf(pair), pair);
}

function verifyLeaf(leaf: X509Certificate, { privateKey, domainNames, key, now }: PairToVerify): void {
  const facts = factsOf(leaf);
  if (!isForKey(leaf, privateKey)) throw rejected('it is not for the private key that was asked for');
  if (facts.keyType !== key) throw rejected(`its key is ${facts.keyType ?? 'of another type'}, not ${key}`);
  if (leaf.ca) throw rejected('it is a CA certificate');
  if (!leaf.keyUsage?.includes(SERVER_AUTH))
    throw rejected('it is not for TLS servers (extended key usage serverAuth)');
  const others = alternativeNames(leaf).filter(({ type }) => type !== 'dns');
  if (!sameNames(facts.domainNames, domainNames) || others.length > 0) {
    const names = [...facts.domainNames, ...others.map(({ value }) => value)];
    throw rejected(`its names are ${names.join(', ') || 'none'}, not ${domainNames.join(', ')}`);
  }
  if (facts.notAfter < now) throw rejected(`it expired at ${isoInstant(facts.notAfter)}`);
  if (facts.notBefore > now + LONGEST_WAIT_FOR_VALIDITY)
    throw rejected(`it is not valid before ${isoInstant(facts.notBefore)}`);
}

/** RFC 5280, section 6.1, as far as servers' chains use it. */
function verifyLinks(chain: readonly X509Certificate[], now: number): void {
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1];
    if (!issuer) return;
    const name = `the chain's ${subjectName(issuer)}`;
    if (!maySignCertificates(issuer)) throw rejected(`${name} is no CA certificate`);
    if (!isSignedBy(certificate, issuer)) {
      throw rejected(
        `${name} has not signed ${index === 0 ? 'the leaf' : subjectName(certificate)}, which stands before it`,
      );
    }
    const between = chain.slice(1, index + 1).filter((each) => each.subject !== each.issuer).length;
    if (between > pathLengthOf(issuer)) throw rejected(`${name} does not allow ${between} intermediates below it`);
    const usages = issuer.keyUsage ?? [ANY_USAGE];
    if (!usages.includes(SERVER_AUTH) && !usages.includes(ANY_USAGE)) throw rejected(`${name} is not for TLS servers`);
    if (!isInDate(issuer, now)) {
      throw rejected(
        `${name} is valid from ${isoInstant(issuer.validFromDate.getTime())} to ${isoInstant(issuer.validToDate.getTime())} only`,
      );
    }
  }
}

function verifyAnchor(
  chain: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  { trust, now }: PairToVerify,
): void {
  const inDate = roots.filter((root) => isInDate(root, now));
  const anchored = chain.some((certificate) =>
    inDate.some((root) => root.fingerprint256 === certificate.fingerprint256 || isSignedBy(certificate, root)),
  );
  const top = chain.at(-1);
  if (anchored || !top) return;
  const known = trust === 'public' ? 'a publicly trusted root' : "a root of the issuer's caBundle";
  throw rejected(
    `its chain ends in ${subjectName(top) || 'the leaf'}, signed by ${issuerName(top)}, which is not ${known}; ` +
      'either intermediates are missing or the issuer has the wrong trust',
  );
}

function rootsOf({ trust, roots = '' }: PairToVerify): readonly X509Certificate[] {
  if (trust === 'public') return rootCertificates.map((pem) => new X509Certificate(pem));
  // As TLS reads the bundle: nothing is asked of a root but its name, key and dates, which Node's class shows.
  return parseAll(roots, "the issuer's caBundle", parsePemChain);
}

function parseAll(pem: string, what: string, parse = parseChain): readonly X509Certificate[] {
  try {
    return parse(pem);
  } catch (error) {
    if (error instanceof InvalidCertificate) throw rejected(`${what} can not be read: ${error.message}`, error);
    throw error;
  }
}

function isInDate({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now && now <= validToDate.getTime();
}

function rejected(why: string, cause?: unknown): RenewalFailure {
  return new RenewalFailure('certificate-rejected', `the CA's certificate is not published: ${why}`, { cause });
}
