/** Where the CA's resources are; the paths are Boulder's (`wfe2/wfe.go`). */
export interface CaUrls {
  readonly directory: string;
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  readonly revokeCert: string;
  readonly keyChange: string;
  readonly renewalInfo: string;
  readonly termsOfService: string;
  account(id: number): string;
  order(accountId: number, id: number): string;
  finalize(accountId: number, id: number): string;
  authorization(accountId: number, id: number): string;
  challenge(accountId: number, authorizationId: number, id: string): string;
  /** `chain` counts from 0, the default chain; without it, the URL is that of the default chain. */
  certificate(serial: string, chain?: number): string;
}

export function caUrls(origin: string): CaUrls {
  return {
    directory: `${origin}/directory`,
    newNonce: `${origin}/acme/new-nonce`,
    newAccount: `${origin}/acme/new-acct`,
    newOrder: `${origin}/acme/new-order`,
    revokeCert: `${origin}/acme/revoke-cert`,
    keyChange: `${origin}/acme/key-change`,
    renewalInfo: `${origin}/acme/renewal-info`,
    termsOfService: `${origin}/terms/v7`,
    account: (id) => `${origin}/acme/acct/${id}`,
    order: (accountId, id) => `${origin}/acme/order/${accountId}/${id}`,
    finalize: (accountId, id) => `${origin}/acme/finalize/${accountId}/${id}`,
    authorization: (accountId, id) => `${origin}/acme/authz/${accountId}/${id}`,
    challenge: (accountId, authorizationId, id) => `${origin}/acme/chall/${accountId}/${authorizationId}/${id}`,
    certificate: (serial, chain) => `${origin}/acme/cert/${serial}${chain === undefined ? '' : `/${chain}`}`,
  };
}
