/** Domain names, with what becomes of them. */
export const HOSTILE_NAMES: readonly { readonly text: string; readonly what: string; readonly becomes: string }[] = [
  // RFC 5891, section 4.2.1: a U-label is normalized first.
  { text: 'MÜNCHEN.example', what: 'upper case', becomes: 'xn--mnchen-3ya.example' },
  // UTS #46, section 4, step 1: these dots separate labels.
  { text: 'a。b．example', what: 'ideographic and fullwidth dots', becomes: 'a.b.example' },
  // CVE-2024-12224 (the idna crate): an A-label of ASCII alone is another spelling of the same name.
  { text: 'xn--example-.com', what: 'an A-label that decodes to ASCII', becomes: 'invalid-input' },
  // U+0080, which UTS #46 disallows and Node takes: the CA has the last word.
  { text: 'xn--a.example', what: 'an A-label that decodes to a control character', becomes: 'xn--a.example' },
  // UTS #46, section 4.1: the result would be an address.
  { text: '１２７.０.０.１', what: 'an address in fullwidth digits', becomes: 'invalid-input' },
  { text: '0x7f.1', what: 'an address in hexadecimal', becomes: 'invalid-input' },
  // RFC 3490, section 3: a soft hyphen maps to nothing, and leaves an empty label.
  { text: '\u00AD.example', what: 'a label of a soft hyphen', becomes: 'invalid-input' },
  // Fullwidth characters that become what ends a host name (HostSplit, Black Hat 2019; CVE-2019-0654).
  { text: 'leane.dev／.attacker.example', what: 'a fullwidth slash', becomes: 'invalid-input' },
  { text: 'leane.dev℀.attacker.example', what: 'a ligature with a slash', becomes: 'invalid-input' },
  { text: 'leane.dev＠attacker.example', what: 'a fullwidth at', becomes: 'invalid-input' },
  // CVE-2019-9636 and its kin: NUL and line breaks.
  { text: 'leane.dev\u0000.example', what: 'a NUL', becomes: 'invalid-input' },
  { text: 'leane.dev\n', what: 'a line break at the end', becomes: 'invalid-input' },
  // RFC 6125, section 6.4.3.
  { text: '*.*.example', what: 'two wildcards', becomes: 'invalid-input' },
  { text: 'xn--*.example', what: 'a wildcard in an A-label', becomes: 'invalid-input' },
];
