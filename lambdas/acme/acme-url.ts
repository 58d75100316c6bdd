import { isIP } from 'node:net';
import { printable } from '../core/printable.ts';
import { isPublicAddress } from './public-address.ts';

/** Which URLs requests may go to. */
export interface UrlRules {
  /** The URL that the configuration names; others have to be on its host. */
  readonly home: string;
  readonly allowHttp?: boolean | undefined;
  readonly allowPrivateAddresses?: boolean | undefined;
  /** Hosts besides the home's: `host`, which means any port, or `host:port`. */
  readonly allowedHosts?: readonly string[] | undefined;
}

/** RFC 9110, section 4.1, asks for 8,000 of everybody; the state of a renewal has to hold hundreds of them. */
const LONGEST_URL = 2_048;

/** What is wrong with a URL, as the end of a sentence that begins with it; `undefined` when nothing is. */
export function problemOfUrl(text: string, rules: UrlRules): string | undefined {
  // RFC 3986, section 2. Parsers take more, and repair it silently.
  if (!/^[!-~]+$/.test(text) || !URL.canParse(text)) return 'is no URL';
  if (text.length > LONGEST_URL) return `is longer than ${LONGEST_URL} characters`;
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && rules.allowHttp)) return 'is no https URL';
  if (url.username !== '' || url.password !== '') return 'has a user name or password in it';
  const home = new URL(rules.home);
  if (!isAllowedHost(url, home, rules.allowedHosts ?? []))
    return `is on another host than ${home.href}; if it belongs to the CA, add ${url.host} to the issuer's allowedHosts`;
  const address = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0 && !rules.allowPrivateAddresses && !isPublicAddress(address))
    return "has an address that is not public; set the issuer's allowPrivateAddresses if the CA is in your own network";
  return undefined;
}

/** A URL of the CA's as it is shown in messages. */
export function shownUrl(url: string): string {
  return printable(url, 300);
}

function isAllowedHost(url: URL, home: URL, allowedHosts: readonly string[]): boolean {
  if (url.host === home.host) return true;
  return allowedHosts.some((allowed) => {
    const host = allowed.toLowerCase();
    return host === url.host || host === url.hostname;
  });
}
