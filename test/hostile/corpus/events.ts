const REQUEST = {
  RequestType: 'Create',
  ResponseURL: 'https://bucket.example/answer',
  StackId: 'arn:aws:cloudformation:eu-central-1:123456789012:stack/web/1',
  RequestId: 'r1',
  LogicalResourceId: 'Certificate',
  ResourceType: 'Custom::AcmeCertificate',
  ResourceProperties: {},
};

/** Events with how they end. */
export const HOSTILE_EVENTS: readonly {
  readonly what: string;
  readonly by: 'scan' | 'renew' | 'provision';
  readonly event: unknown;
  readonly code: string;
}[] = [
  // CWE-1321: JSON.parse makes `__proto__` a member of its own.
  {
    what: 'has __proto__ as an unknown field',
    by: 'scan',
    event: JSON.parse('{"__proto__": {"polluted": true}}'),
    code: 'invalid-input',
  },
  // Found here: each unknown field was named, and the message had no end.
  {
    what: 'has a hundred thousand unknown fields',
    by: 'scan',
    event: Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`field-${n}`, n])),
    code: 'invalid-input',
  },
  // Found here: two requests for each name began at the same time.
  {
    what: 'names a million certificates',
    by: 'scan',
    event: { certificates: Array.from({ length: 1_000_000 }, (_, n) => `c${n}`) },
    code: 'invalid-input',
  },
  // RFC 3492, section 6.1: Punycode takes squared time; Lambda takes events of 6 MB.
  {
    what: 'has a name of a million ideographs',
    by: 'renew',
    event: {
      certificate: 'a',
      spec: {
        issuer: 'a',
        domainNames: [
          `${Array.from({ length: 1_000_000 }, (_, n) => String.fromCodePoint(0x4e00 + (n % 20_000))).join('')}.example`,
        ],
      },
    },
    code: 'invalid-input',
  },
  // JSON that nests: whoever walks through it by recursion runs out of stack.
  {
    what: 'nests a hundred thousand levels',
    by: 'renew',
    event: { certificate: JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) },
    code: 'invalid-input',
  },
  // Found here: the answer repeats it, did not fit, and became empty.
  {
    what: 'has a stack id that no answer of 4,096 bytes can repeat',
    by: 'provision',
    event: { ...REQUEST, StackId: 'x'.repeat(5_000) },
    code: 'invalid-input',
  },
  // Found here: as JSON it takes six bytes for each character.
  {
    what: 'has a request id of control characters',
    by: 'provision',
    event: { ...REQUEST, RequestId: '\u0001'.repeat(256) },
    code: 'invalid-input',
  },
  // CloudFormation makes such ids up for a Create that never answered.
  {
    what: 'deletes what was never made',
    by: 'provision',
    event: { ...REQUEST, RequestType: 'Delete', PhysicalResourceId: '2026/11/24/[$LATEST]abcdef' },
    code: 'SUCCESS',
  },
];
