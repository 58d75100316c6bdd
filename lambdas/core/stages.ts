/** Staging labels of a certificate's or an issuer's secret (decision 1). */
export const LIVE = 'AWSCURRENT';
export const SPEC = 'ACME_SPEC';
export const PENDING = 'ACME_PENDING';
export const ISSUED = 'ACME_ISSUED';
export const PREVIOUS = 'AWSPREVIOUS';
export const FAILURE = 'ACME_FAILURE';
/** Of a certificate: what was revoked, or is to be (decision 8). */
export const REVOKED = 'ACME_REVOKED';
/** The tags that its stack gives it (decision 4). */
export const TAGS = 'ACME_TAGS';
/** Of an issuer: the key that its account is about to get (decision 8). */
export const NEXT_KEY = 'ACME_NEXT_KEY';
