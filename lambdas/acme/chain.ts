import { RenewalFailure } from '../core/failure.ts';
import { shownUrl } from './acme-url.ts';
import { isSignedBy, issuerName, parseCertificate, parseChain } from './certificate.ts';
import { encodePem } from './pem-chain.ts';
import { described } from './refusal.ts';
import type { Answer } from './transport.ts';

/** A certificate as it is published. */
export interface Chain {
  /** The leaf alone, PEM. */
  readonly certificate: string;
  /** The intermediates, PEM, the leaf's issuer first; empty when a root has signed the leaf itself. */
  readonly chain: string;
}

/** Three are common, five have been seen. */
const MOST_CERTIFICATES = 10;
const MOST_ALTERNATES = 10;

/** RFC 8555, section 9.1: the leaf first. A root at the end is left out. Throws `ca-misbehaved`. */
export function readChain(answer: Answer): Chain {
  const [certificate, ...issuers] = certificatesIn(answer);
  if (certificate === undefined) {
    throw new RenewalFailure(
      'ca-misbehaved',
      `${shownUrl(answer.url)} is no certificate: it answers with ${described(answer)}`,
    );
  }
  return { certificate, chain: issuers.filter((pem) => !isRoot(pem)).join('') };
}

/** Whether the topmost certificate's issuer has this name (common name, or organization where it has none). */
export function isIssuedBelow({ certificate, chain }: Chain, root: string): boolean {
  const top = parseChain(certificate + chain).at(-1);
  return top !== undefined && issuerName(top) === root;
}

/** The URLs of links with `rel="alternate"` (RFC 8288, RFC 8555, section 7.4.2). */
export function alternateLinks({ headers, url }: Answer): readonly string[] {
  const header = String(headers.link ?? '');
  return [...header.matchAll(/<([^<>]*)>([^<>]*)/g)]
    .filter(([, , parameters = '']) => relations(parameters).includes('alternate'))
    .flatMap(([, target = '']) => (URL.canParse(target, url) ? [new URL(target, url).href] : []))
    .slice(0, MOST_ALTERNATES);
}

function relations(parameters: string): readonly string[] {
  const [, quoted, plain] = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(parameters) ?? [];
  return (quoted ?? plain ?? '').toLowerCase().split(/\s+/);
}

function certificatesIn(answer: Answer): readonly string[] {
  const text = typeof answer.data === 'string' ? answer.data : '';
  const count = text.split('-----BEGIN CERTIFICATE-----').length - 1;
  if (count > MOST_CERTIFICATES) {
    throw new RenewalFailure('ca-misbehaved', `${shownUrl(answer.url)} holds a chain of ${count} certificates`);
  }
  try {
    return parseChain(text).map(encodePem);
  } catch (cause) {
    throw new RenewalFailure('ca-misbehaved', `${shownUrl(answer.url)} holds a certificate that can't be read`, {
      cause,
    });
  }
}

function isRoot(pem: string): boolean {
  const certificate = parseCertificate(pem);
  return isSignedBy(certificate, certificate);
}
