/** Staging labels of a certificate's or an issuer's secret (decision 1). */
export const LIVE = 'AWSCURRENT';
export const SPEC = 'ACME_SPEC';
export const PENDING = 'ACME_PENDING';
export const ISSUED = 'ACME_ISSUED';
