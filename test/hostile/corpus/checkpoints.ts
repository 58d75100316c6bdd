/** Stored failures, with the details that are left of them. All found here. */
export const HOSTILE_CHECKPOINTS: readonly {
  readonly what: string;
  readonly data: unknown;
  readonly details: unknown;
}[] = [
  {
    what: 'a type that is a number: asking for its namespace threw',
    data: { code: 'ca-refused', retry: 'later', details: { problem: { type: 5 }, retryAt: 5 } },
    details: { retryAt: 5 },
  },
  {
    what: 'an instant that is a text: writing it down threw',
    data: { code: 'ca-refused', retry: 'later', details: { retryAt: 'soon', issuer: 'sandbox' } },
    details: { issuer: 'sandbox' },
  },
  {
    what: 'an instant behind the last one that JavaScript knows',
    data: { code: 'ca-refused', retry: 'later', details: { retryAt: 1e300 } },
    details: {},
  },
  {
    what: 'subproblems that are no list: counting them threw',
    data: {
      code: 'ca-refused',
      retry: 'later',
      details: { problem: { type: 'a', status: 1, detail: '', url: '', subproblems: 7 } },
    },
    details: {},
  },
];
