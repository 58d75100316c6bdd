/** What is used of acme-client 5.4.0; its own types describe its index alone, which also loads node-forge. */

declare module 'acme-client/src/client.js' {
  namespace AcmeClient {
    interface Http {
      maxBadNonceRetries: number;
      externalAccountBinding: { readonly kid?: string; readonly hmacKey?: string };
      /** Every request goes through here. The answer reaches the caller of `apiRequest` as it is. */
      request: (url: string, method: string, options?: { readonly data?: unknown }) => Promise<object>;
      getDirectory: () => Promise<object>;
      getNonce: () => Promise<string>;
      /** The account's public key, members sorted as RFC 7638, section 3, wants them. */
      getJwk(): Readonly<Record<string, string>>;
      /** A JWS with the public key in it and no nonce: the inner one of a key change (RFC 8555, section 7.3.5). */
      createSignedBody(url: string, payload: object): object;
    }

    interface Api {
      accountUrl: string | null;
      /** Signs and posts; a payload of `null` is POST-as-GET. Without status codes, every answer is returned. */
      apiRequest(
        url: string,
        payload: object | null,
        validStatusCodes: readonly number[],
        options: { readonly includeJwsKid: boolean; readonly includeExternalAccountBinding: boolean },
      ): Promise<object>;
    }
  }

  class AcmeClient {
    constructor(options: {
      readonly directoryUrl: string;
      readonly accountKey: string;
      readonly accountUrl: string | null;
    });
    readonly http: AcmeClient.Http;
    readonly api: AcmeClient.Api;
  }

  export = AcmeClient;
}

declare module 'acme-client/src/crypto/index.js' {
  /** Returns the key and the request, both PEM. */
  export function createCsr(
    subject: { readonly altNames: string[] },
    privateKey: string,
  ): Promise<[privateKey: Buffer, request: Buffer]>;
  /** The first PEM block as base64url of its DER. */
  export function getPemBodyAsB64u(pem: Buffer | string): string;
}
