/** Issuer settings, over good ones, with how they end. */
export const HOSTILE_ISSUERS: readonly {
  readonly what: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly code: string;
}[] = [
  // CWE-1333, found here: the pattern of an address tried every dot against the rest of the text.
  { what: 'an address of a million dots', settings: { email: `a@${'.'.repeat(1_000_000)} ` }, code: 'invalid-input' },
  // RFC 8555, section 7.3: a contact URL may have no header fields, and Boulder refuses them.
  { what: 'an address with a second one', settings: { email: 'a@leane.dev,b@leane.dev' }, code: 'invalid-input' },
  // CWE-93: a line break would begin another header where somebody writes mail.
  {
    what: 'an address with a line break',
    settings: { email: 'a@leane.dev\r\nBcc: b@x.example' },
    code: 'invalid-input',
  },
  { what: 'a key in the place of the bundle', settings: { caBundle: 7 }, code: 'invalid-input' },
  // Whoever pastes a key into the wrong field must not find it in the log.
  {
    what: 'a private key as trust',
    settings: { trust: '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg' },
    code: 'invalid-input',
  },
  { what: 'a directory that is a script', settings: { directoryUrl: 'javascript:alert(1)' }, code: 'invalid-input' },
  // Found here: zod measures whatever has a length.
  {
    what: 'a length that is no number',
    settings: { allowedHosts: [{ length: [{ toString: 1 }] }] },
    code: 'invalid-input',
  },
];
