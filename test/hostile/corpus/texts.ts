/** Texts that break whoever believes them. Each line says where it comes from. */
export const HOSTILE_TEXTS: readonly string[] = [
  '',
  // The names of Object.prototype (CWE-1321): a table that is an object finds them.
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  // CVE-2021-42574 "Trojan Source": formatting characters turn the order of text around.
  'a\u202Etxt.exe\u202C\u2066b\u2069',
  // CVE-2003-0063 and its successors: terminals obey escape sequences in logs.
  '\u001B]0;owned\u0007\u001B[2J\u009B31m',
  // CWE-117: a line break forges a log line; U+2028 and U+2029 do for whoever splits at them.
  'no\r\n{"level":"INFO","message":"renewed"}\u2028\u2029',
  // ECMA-262, section 6.1.4: half a surrogate pair is a string, and no Unicode text.
  '\uD800',
  'x\uDC00y',
  // RFC 3629, section 3: NUL ends the string of whoever is written in C.
  'leane.dev\u0000.attacker.example',
  // RFC 8555, section 6.7: a problem type that names a member of Object.prototype.
  'urn:ietf:params:acme:error:constructor',
  'urn:ietf:params:acme:error:__proto__',
  // A page of a captive portal or of a load balancer.
  '<!DOCTYPE html><html><script>alert(1)</script></html>',
  // 200 KB of one character, and of one that becomes six bytes as JSON.
  'x'.repeat(200_000),
  '\u0001'.repeat(200_000),
  // Numbers, dates and URLs at the edge of what can be read.
  '1e999',
  '-0',
  '9'.repeat(400),
  '+275760-09-13T00:00:00.001Z',
  '0000-01-01T00:00:00+23:59',
  '9999-12-31T23:59:59-23:59',
  'https://[::ffff:169.254.169.254]/latest/meta-data',
  'https://ca.example@attacker.example/',
  'https://ca.example\\@attacker.example/',
  'javascript:alert(1)',
  'file:///etc/passwd',
  // RFC 7468 with nothing, or half, inside.
  '-----BEGIN CERTIFICATE-----',
  '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----',
];
