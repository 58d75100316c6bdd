const OK = 'HTTP/1.1 200 OK\r\n';

/** Bytes that a server writes when it is asked, and what becomes of them. */
export const HOSTILE_ANSWERS: readonly {
  readonly what: string;
  readonly bytes: string;
  /** Whether the server hangs up. */
  readonly ends?: false;
  readonly code: string;
}[] = [
  { what: 'nothing', bytes: '', code: 'ca-unreachable' },
  { what: 'the greeting of another protocol', bytes: 'SSH-2.0-OpenSSH_9.6\r\n', code: 'ca-misbehaved' },
  // RFC 9110, section 15.4; OWASP: redirects lead into the own network.
  {
    what: 'a redirect to the metadata service',
    bytes: 'HTTP/1.1 307 X\r\nLocation: http://169.254.169.254/\r\n\r\n',
    ends: false,
    code: 'ca-misbehaved',
  },
  { what: 'a redirect to nowhere', bytes: 'HTTP/1.1 301 X\r\n\r\n', code: 'ca-misbehaved' },
  // CWE-444 (CVE-2022-32213 and its kin): two lengths.
  {
    what: 'a length and chunks',
    bytes: `${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    code: 'ca-misbehaved',
  },
  { what: 'two lengths', bytes: `${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, code: 'ca-misbehaved' },
  { what: 'a negative length', bytes: `${OK}Content-Length: -1\r\n\r\n`, code: 'ca-misbehaved' },
  {
    what: 'a length beyond every number',
    bytes: `${OK}Content-Length: ${'9'.repeat(40)}\r\n\r\n`,
    code: 'ca-misbehaved',
  },
  {
    what: 'a chunk of a length beyond every number',
    bytes: `${OK}Transfer-Encoding: chunked\r\n\r\n${'f'.repeat(40)}\r\n`,
    code: 'ca-unreachable',
  },
  { what: 'less than it promised', bytes: `${OK}Content-Length: 100\r\n\r\nhalf`, code: 'ca-unreachable' },
  { what: 'a status that is no number', bytes: 'HTTP/1.1 abc OK\r\n\r\n', code: 'ca-misbehaved' },
  { what: 'a line break in a header', bytes: `${OK}x: a\rb\r\n\r\n`, code: 'ca-misbehaved' },
  // RFC 9110, section 7.8: nobody asked for another protocol. Found here: the request never ended.
  {
    what: 'another protocol',
    bytes: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
    ends: false,
    code: 'ca-unreachable',
  },
  { what: 'ten thousand headers', bytes: OK + 'a: b\r\n'.repeat(10_000), code: 'ca-misbehaved' },
  // A second answer on the connection must not become that of the next request.
  { what: 'two answers', bytes: `${OK}Content-Length: 2\r\n\r\n{}HTTP/1.1 500 X\r\n\r\n`, code: 'a value' },
];
