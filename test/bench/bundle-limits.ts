/** Bytes of each function's minified bundle: a cold start reads and parses all of it. The scan's is 450 KiB. */
export const BUNDLE_LIMITS: Readonly<Record<string, number>> = {
  scan: 460_800,
  renew: 1_500_000,
  provision: 1_500_000,
};
