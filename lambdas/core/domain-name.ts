import { RenewalFailure } from './failure.ts';

/** The label below which DNS-01 answers are published (RFC 8555, section 8.4). */
export const CHALLENGE_LABEL = '_acme-challenge';

/** RFC 1035, section 2.3.4: 255 octets on the wire are 253 characters in text. */
const MAX_NAME = 253;
const MAX_LABEL = 63;

/** The challenge's record must fit as well. */
const MAX_BASE = MAX_NAME - `${CHALLENGE_LABEL}.`.length;

/** UTS #46 leaves characters out and joins others, so that a text may be longer than its name. */
const LONGEST_TEXT = 4 * MAX_NAME;

const LDH_LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/**
 * The name as it goes into a certificate: lower case, A-labels (RFC 5890), at most one wildcard label, which is the
 * leftmost and whole (RFC 6125, section 6.4.3), no trailing dot. Throws `invalid-input` with what is wrong with it.
 */
export function parseDomainName(text: string): string {
  const refuse = (why: string): never => {
    throw new RenewalFailure(
      'invalid-input',
      `${JSON.stringify(shorten(text))} is not a domain name that a certificate can have: ${why}`,
    );
  };
  const wildcard = text.startsWith('*.');
  const base = (wildcard ? text.slice(2) : text).replace(/\.$/, '');
  // Punycode of what is longer would only cost time.
  if (base.length > LONGEST_TEXT) refuse(`it is longer than ${LONGEST_TEXT} characters`);
  if (base.includes('*')) refuse('a wildcard is one whole label, the first one, as in *.example.com');
  if (/[^\w.\-\u0080-\u{10ffff}]/u.test(base)) refuse('it may hold letters, digits, hyphens and dots');

  const ascii = toAscii(base) ?? refuse('it is no valid internationalized name');
  if (ascii.length > MAX_BASE) refuse(`it is longer than ${MAX_BASE} characters, so that no challenge record fits`);
  const labels = ascii.split('.');
  if (labels.length < 2) refuse('it has a single label; a public CA issues for names below a public suffix');
  for (const label of labels) {
    if (label === '') refuse('it has an empty label');
    if (label.length > MAX_LABEL) refuse(`the label ${shorten(label)} is longer than ${MAX_LABEL} characters`);
    if (!LDH_LABEL.test(label)) refuse(`the label ${label} must be letters, digits and inner hyphens`);
  }
  if (/^\d+$/.test(labels.at(-1) ?? ''))
    refuse('it looks like an IP address; certificates for addresses are not supported');
  return wildcard ? `*.${ascii}` : ascii;
}

/**
 * The names of one certificate: parsed, without repetitions, in the order given. Throws when one is covered by a
 * wildcard among them: Boulder refuses such an order as redundant, and it says nothing that the wildcard doesn't.
 */
export function parseDomainNames(texts: readonly string[]): readonly string[] {
  const names = [...new Set(texts.map(parseDomainName))];
  for (const name of names) {
    const wildcard = coveringWildcard(name);
    if (names.includes(wildcard)) {
      throw new RenewalFailure('invalid-input', `${name} is already covered by ${wildcard}: leave one of them out`);
    }
  }
  return names;
}

/** `www.example.com` -> `*.example.com`. A wildcard covers exactly one label, and no other wildcard. */
export function coveringWildcard(name: string): string {
  return name.startsWith('*.') ? '' : name.replace(/^[^.]+/, '*');
}

/** `*.example.com` -> `example.com`; any other name as it is. */
export function baseName(name: string): string {
  return name.replace(/^\*\./, '');
}

/** Whether two lists have the same names, in whatever order. */
export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && [...a].sort().join() === [...b].sort().join();
}

/** UTS #46 processing as browsers do it, which CAs expect; the only pure implementation in the language. */
function toAscii(name: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what ASCII is
  if (/^[\x00-\x7f]*$/.test(name) && !/(^|\.)xn--/i.test(name)) return name.toLowerCase();
  return URL.canParse(`https://${name}/`) ? new URL(`https://${name}/`).hostname : undefined;
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
