const DEEP = 200_000;

/** Bodies of a CA, what they answer, and what they end in. */
export const HOSTILE_BODIES: readonly {
  readonly what: string;
  readonly to:
    | 'directory'
    | 'account'
    | 'order'
    | 'new order'
    | 'authorization'
    | 'certificate'
    | 'renewal information'
    | 'revocation';
  readonly status?: number;
  readonly body: string;
  readonly code: string;
  readonly words?: RegExp;
}[] = [
  // Found here: JSON.parse has no limit of depth, JSON.stringify has the stack's; the message that described it threw.
  {
    what: 'nested lists',
    to: 'order',
    body: `{"status":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`,
    code: 'ca-misbehaved',
  },
  {
    what: 'nested objects',
    to: 'directory',
    body: `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    code: 'ca-misbehaved',
  },
  {
    what: 'a problem inside of problems',
    to: 'revocation',
    status: 400,
    body: `${'{"subproblems":['.repeat(20_000)}${']}'.repeat(20_000)}`,
    code: 'ca-misbehaved',
  },
  // Found here: String() of an object that brings its own toString throws.
  {
    what: 'a profile whose description can not become text',
    to: 'directory',
    body: '{"newNonce":"x","newAccount":"x","newOrder":"x","meta":{"profiles":{"a":{"toString":1}}}}',
    code: 'ca-misbehaved',
  },
  {
    what: 'an account whose status can not become text',
    to: 'account',
    body: '{"status":{"toString":1}}',
    code: 'ca-misbehaved',
    words: /status is/,
  },
  // CWE-1321, found here: the advice for a problem was looked up in an object, which inherits some.
  {
    what: 'a problem that is named like what every object has',
    to: 'revocation',
    status: 400,
    body: '{"type":"urn:ietf:params:acme:error:constructor","detail":"no"}',
    code: 'ca-refused',
    words: /^[^;]*: no \(constructor, HTTP 400\)$/,
  },
  // CWE-117 and CWE-150, found here: names of an order were shown as they came.
  {
    what: 'an order for names that colour a terminal',
    to: 'new order',
    body: '{"status":"pending","authorizations":["x"],"identifiers":[{"type":"dns","value":"\\u001b[31m\\u202eleane.dev"}],"finalize":"x"}',
    code: 'ca-misbehaved',
  },
  // RFC 8555, section 10.4: a CA's URL must not make us ask our own network (SSRF).
  {
    what: 'an authorization whose challenge is at the metadata service',
    to: 'authorization',
    body: '{"status":"pending","identifier":{"type":"dns","value":"a.b"},"challenges":[{"type":"dns-01","status":"pending","token":"a","url":"https://169.254.169.254/latest"}]}',
    code: 'ca-misbehaved',
    words: /another host/,
  },
  // RFC 3986, section 2, found here: the URL parser takes control characters, and messages showed them.
  {
    what: 'an authorization whose challenge URL has an escape sequence in it',
    to: 'authorization',
    body: '{"status":"pending","identifier":{"type":"dns","value":"a.b"},"challenges":[{"type":"dns-01","status":"pending","token":"a","url":"https://localhost/\\u001b[2J"}]}',
    code: 'ca-misbehaved',
    words: /is no URL/,
  },
  // RFC 8555, section 8.1: a token with a dot in it would end where the key's thumbprint begins.
  {
    what: 'a token that is no base64url',
    to: 'authorization',
    body: '{"status":"pending","identifier":{"type":"dns","value":"a.b"},"challenges":[{"type":"dns-01","status":"pending","token":"a.b","url":"https://localhost/"}]}',
    code: 'ca-misbehaved',
    words: /token is not base64url/,
  },
  // RFC 9773, section 4.2: a window that ends before it starts means nothing.
  {
    what: 'a window that ends before it starts',
    to: 'renewal information',
    body: '{"suggestedWindow":{"start":"2026-12-02T00:00:00Z","end":"2026-12-01T00:00:00Z"}}',
    code: 'ca-misbehaved',
  },
  {
    what: 'a window in the year 275760',
    to: 'renewal information',
    body: '{"suggestedWindow":{"start":"+275760-09-13T00:00:00Z","end":"+275760-09-14T00:00:00Z"}}',
    code: 'ca-misbehaved',
  },
  // What a load balancer in front of a CA answers.
  { what: 'a page', to: 'order', status: 502, body: '<html><h1>502 Bad Gateway</h1></html>', code: 'ca-unreachable' },
  {
    what: 'a page with the status of success',
    to: 'certificate',
    body: '<!DOCTYPE html><title>Sign in</title>',
    code: 'ca-misbehaved',
  },
  { what: 'a truncated order', to: 'order', body: '{"status":"ready","identifiers":[{"ty', code: 'ca-misbehaved' },
  {
    what: 'a thousand and one authorizations',
    to: 'order',
    body: `{"status":"pending","identifiers":[],"finalize":"x","authorizations":[${'"x",'.repeat(1_000)}"x"]}`,
    code: 'ca-misbehaved',
  },
  { what: 'two roots of JSON', to: 'order', body: '{}{}', code: 'ca-misbehaved' },
  { what: 'a byte order mark', to: 'order', body: '\uFEFF{"status":"ready"}', code: 'ca-misbehaved' },
  {
    what: 'megabytes of strings that never end',
    to: 'order',
    body: `{"${'\\"'.repeat(400_000)}`,
    code: 'ca-misbehaved',
  },
];
