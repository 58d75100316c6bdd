/** What the credential scope of a signature says: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html */
export interface CredentialScope {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

/** Reads it from an `Authorization` header of Signature Version 4; `undefined` when it is none. */
export function readCredentialScope(authorization: string | undefined): CredentialScope | undefined {
  const [, accessKeyId, region, service] =
    /^AWS4-HMAC-SHA256 .*?Credential=([^/,\s]+)\/\d{8}\/([^/,\s]+)\/([^/,\s]+)\/aws4_request/.exec(
      authorization ?? '',
    ) ?? [];
  return accessKeyId && region && service ? { accessKeyId, region, service } : undefined;
}
