import { RenewalFailure } from '../core/failure.ts';
import { problemOfUrl, shownUrl, type UrlRules } from './acme-url.ts';
import type { Clock } from './clock.ts';
import { described, expectSuccess } from './refusal.ts';
import { repeat } from './repeat.ts';
import type { Answer, Transport } from './transport.ts';

/** RFC 8555, section 7.1.1: where a CA takes which request, and what it says of itself. */
export interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  /** RFC 8555, section 7.6; `undefined` when the CA offers none, or only where requests may not go. */
  readonly revokeCert?: string;
  /** Section 7.3.5; as `revokeCert`. */
  readonly keyChange?: string;
  /** RFC 9773, section 4; `undefined` when the CA offers none, or only where requests may not go. */
  readonly renewalInfo?: string;
  readonly meta: {
    /** Their names (draft-ietf-acme-profiles); empty when the CA knows none. */
    readonly profiles: readonly string[];
    readonly externalAccountRequired: boolean;
    /** The names by which CAA records know the CA; empty when it doesn't say. */
    readonly caaIdentities: readonly string[];
  };
}

/** Sectigo has six. */
const MOST_IDENTITIES = 20;

const REQUIRED = ['newNonce', 'newAccount', 'newOrder'] as const;

/** Throws `ca-misbehaved` that names the URL and what is missing when there is no directory. */
export async function fetchDirectory(
  transport: Transport,
  url: string,
  rules: UrlRules,
  clock: Clock,
): Promise<Directory> {
  const answer = await repeat(clock, 'read', async () => {
    const got = await transport('GET', url);
    return isForeign(got) ? got : expectSuccess(got, 'show its directory', clock.now());
  });
  return parseDirectory(answer, rules);
}

/** Statuses of a page that isn't there, also where a CA words that as a problem. */
const NOTHING_THERE: ReadonlySet<number> = new Set([404, 405, 410]);

/** What a web server that has nothing to do with ACME answers, or a CA at another page than its directory. */
function isForeign({ status, data }: Answer): boolean {
  return NOTHING_THERE.has(status) || (status >= 400 && status < 500 && status !== 429 && typeof data === 'string');
}

function parseDirectory(answer: Answer, rules: UrlRules): Directory {
  const fields = asObject(answer.data);
  if (!fields || answer.status >= 400)
    throw noDirectory(answer.url, `it answers with HTTP ${answer.status}, ${described(answer)}`);
  const missing = REQUIRED.filter((name) => typeof fields[name] !== 'string');
  if (missing.length > 0)
    throw noDirectory(answer.url, `${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing`);

  const [newNonce, newAccount, newOrder] = REQUIRED.map((name) =>
    allowed(answer.url, name, String(fields[name]), rules),
  );
  // It is no reason to renew nothing that one of these can't be had.
  const optional = (['revokeCert', 'keyChange', 'renewalInfo'] as const).flatMap((name) => {
    const url = fields[name];
    return typeof url === 'string' && problemOfUrl(url, rules) === undefined ? [[name, url] as const] : [];
  });
  const meta = asObject(fields['meta']) ?? {};
  return {
    newNonce: newNonce ?? '',
    newAccount: newAccount ?? '',
    newOrder: newOrder ?? '',
    ...Object.fromEntries(optional),
    meta: {
      profiles: Object.entries(asObject(meta['profiles']) ?? {}).flatMap(([name, description]) =>
        typeof description === 'string' ? [name] : [],
      ),
      externalAccountRequired: meta['externalAccountRequired'] === true,
      caaIdentities: issuerDomains(meta['caaIdentities']),
    },
  };
}

function allowed(directoryUrl: string, name: string, url: string, rules: UrlRules): string {
  const problem = problemOfUrl(url, rules);
  if (problem === undefined) return url;
  throw new RenewalFailure(
    'ca-misbehaved',
    `${name} in the directory ${shownUrl(directoryUrl)} is ${shownUrl(url)}, which ${problem}`,
  );
}

function noDirectory(url: string, why: string): RenewalFailure {
  return new RenewalFailure(
    'ca-misbehaved',
    `${shownUrl(url)} is no ACME directory: ${why}. Check the issuer's directoryUrl.`,
  );
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

/** What a CAA record can name (RFC 8659, section 4.2); an operator reads them. */
function issuerDomains(value: unknown): readonly string[] {
  const texts = Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
  return texts.filter((text) => /^[a-z0-9.-]{1,253}$/i.test(text)).slice(0, MOST_IDENTITIES);
}
