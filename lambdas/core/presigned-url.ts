import { SECOND } from './duration.ts';

/**
 * When a pre-signed URL of S3 stops being taken, in milliseconds since the epoch; `undefined` when it doesn't say so.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
export function presignedUrlEnd(url: string): number | undefined {
  const query = URL.canParse(url) ? new URL(url).searchParams : undefined;
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query?.get('X-Amz-Date') ?? '') ?? [];
  const signed = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  const [lifetime] = /^\d{1,6}$/.exec(query?.get('X-Amz-Expires') ?? '') ?? [];
  return Number.isNaN(signed) || lifetime === undefined ? undefined : signed + Number(lifetime) * SECOND;
}
