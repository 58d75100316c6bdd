import { printable } from './printable.ts';

/** A record holds up to 64 KiB, and is shown only so far. */
const LONGEST_SHOWN = 200;

/** One CAA record (RFC 8659, section 4.1). */
export interface CaaRecord {
  /** 128 is the critical flag. */
  readonly flags: number;
  readonly tag: string;
  readonly value: string;
}

/** The CAA records that decide about a name, and where they are: at the name itself or above it. */
export interface CaaSet {
  readonly owner: string;
  readonly records: readonly CaaRecord[];
}

export interface CaaQuestion {
  /** As in the certificate: `*.example.com` is a question about wildcards. */
  readonly domainName: string;
  /** By which the CA knows itself in CAA records: `caaIdentities` of its directory (RFC 8555, section 7.1.1). */
  readonly identities: readonly string[];
  readonly accountUrl: string;
}

/** `unknown` when the CA does not say which names it goes by. */
export type CaaVerdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'forbidden' | 'unknown'; readonly sentence: string };

/** Tags that change nothing for a certificate for TLS, or that every CA understands; all others count if critical. */
const UNDERSTOOD = new Set(['issue', 'issuewild', 'iodef', 'contactemail', 'contactphone', 'issuemail', 'issuevmc']);
const CRITICAL = 128;
const METHOD = 'dns-01';

/**
 * Whether the records let the CA issue (RFC 8659, section 4; RFC 8657 for `accounturi` and `validationmethods`). `set` is
 * the first one that is not empty on the way up from the name; without one every CA may issue.
 */
export function judgeCaa(set: CaaSet | undefined, question: CaaQuestion): CaaVerdict {
  if (!set) return { kind: 'allowed' };
  const { domainName, identities } = question;
  const forbidden = (found: string, advice: string): CaaVerdict => ({
    kind: 'forbidden',
    sentence: `CAA records at ${set.owner} ${found}: ${advice}`,
  });

  const unknown = set.records.find(({ flags, tag }) => flags >= CRITICAL && !UNDERSTOOD.has(tag.toLowerCase()));
  if (unknown) {
    return forbidden(
      `have the critical property ${JSON.stringify(printable(unknown.tag, LONGEST_SHOWN))}, which no CA that does not know it may pass over`,
      'remove it, or its critical flag (128)',
    );
  }
  const property = propertyFor(set.records, domainName);
  const relevant = property === undefined ? [] : set.records.filter(({ tag }) => tag.toLowerCase() === property);
  if (property === undefined || relevant.length === 0) return { kind: 'allowed' };

  const parsed = relevant.map(({ value }) => parseIssue(value));
  const named = parsed.filter(({ issuer }) => issuer !== '');
  if (named.length === 0) {
    return forbidden(`let no CA issue for ${domainName}`, `add ${property} "${identities[0] ?? 'the CA'}" there`);
  }
  if (identities.length === 0) {
    const sentence = `CAA records at ${set.owner} let ${issuersOf(named)} issue for ${domainName}, and the CA does not say in its directory which names it goes by`;
    return { kind: 'unknown', sentence };
  }
  const ours = named.filter(({ issuer }) => identities.some((identity) => identity.toLowerCase() === issuer));
  if (ours.length === 0) {
    return forbidden(
      `let ${issuersOf(named)} issue for ${domainName}, and not this CA (${identities.join(', ')})`,
      `add ${property} "${identities[0]}" there, or choose an issuer that they name`,
    );
  }
  const problems = ours.map(({ parameters }) => parameterProblem(parameters, question));
  const [problem] = problems;
  if (problem === undefined || problems.includes(undefined)) return { kind: 'allowed' };
  return forbidden(`let this CA issue for ${domainName} only ${problem.found}`, problem.advice);
}

/** For a wildcard, issuewild where there is one (RFC 8659, section 4.3). */
function propertyFor(records: readonly CaaRecord[], domainName: string): 'issue' | 'issuewild' | undefined {
  const has = (wanted: string) => records.some(({ tag }) => tag.toLowerCase() === wanted);
  if (domainName.startsWith('*.') && has('issuewild')) return 'issuewild';
  return has('issue') ? 'issue' : undefined;
}

interface Issue {
  /** Lower case; empty when the value lets nobody issue, or can't be understood, which is the same. */
  readonly issuer: string;
  readonly parameters: ReadonlyMap<string, readonly string[]>;
}

/** `letsencrypt.org; validationmethods=dns-01; accounturi=https://…` */
function parseIssue(value: string): Issue {
  const [issuer = '', ...rest] = value.split(';').map((part) => part.trim());
  const pairs = rest.filter((part) => part !== '').map((part) => /^([A-Za-z0-9-]+)\s*=\s*([!-~]*)$/.exec(part));
  const valid = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*)?$/i.test(issuer);
  if (!valid || pairs.includes(null)) return { issuer: '', parameters: new Map() };
  const parameters = new Map<string, string[]>();
  for (const [, name = '', content = ''] of pairs.flatMap((pair) => (pair ? [pair] : []))) {
    parameters.set(name.toLowerCase(), [...(parameters.get(name.toLowerCase()) ?? []), content]);
  }
  return { issuer: issuer.toLowerCase(), parameters };
}

function parameterProblem(
  parameters: Issue['parameters'],
  { accountUrl }: CaaQuestion,
): { readonly found: string; readonly advice: string } | undefined {
  const accounts = parameters.get('accounturi');
  // RFC 8657, section 3: a record with two of them lets nobody issue.
  if (accounts && (accounts.length > 1 || accounts[0] !== accountUrl)) {
    return {
      found: `for the account ${printable(accounts.join(' and '), LONGEST_SHOWN)}`,
      advice: `this one is ${accountUrl}; put it into accounturi, or into a record of its own`,
    };
  }
  const methods = parameters.get('validationmethods');
  const listed = methods?.length === 1 ? (methods[0] ?? '').split(',').map((method) => method.trim()) : [];
  if (methods && !listed.includes(METHOD)) {
    return {
      found: `by ${printable(methods.join(' and '), LONGEST_SHOWN)}`,
      advice: `add ${METHOD} to validationmethods`,
    };
  }
  return undefined;
}

function issuersOf(named: readonly Issue[]): string {
  const issuers = [...new Set(named.map(({ issuer }) => issuer))];
  return printable(issuers.slice(0, 5).join(', '), LONGEST_SHOWN);
}
