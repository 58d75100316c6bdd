import { createHash } from 'node:crypto';
import { type ProblemDocument, problemDocument } from './problem.ts';
import { DnsProblem, queryTxt, type Resolver } from './txt-query.ts';

/** Longer values are cut in the CA's message. */
const LONGEST_QUOTED = 100;

/**
 * Validates a DNS-01 challenge (RFC 8555, section 8.4): whether `_acme-challenge.<name>` has a TXT record with the
 * digest of the key authorization. Returns what is wrong, in Boulder's words (`va/dns.go`).
 */
export async function validateDns01(
  name: string,
  keyAuthorization: string,
  resolver: Resolver,
): Promise<ProblemDocument | undefined> {
  const record = `_acme-challenge.${name}`;
  const expected = createHash('sha256').update(keyAuthorization).digest('base64url');
  let values: readonly string[];
  try {
    values = await queryTxt(resolver, record);
  } catch (error) {
    if (error instanceof DnsProblem) return problemDocument('dns', error.message);
    throw error;
  }
  const [first, ...more] = values;
  if (first === undefined) return problemDocument('unauthorized', `No TXT record found at ${record}`);
  if (values.includes(expected)) return undefined;
  const quoted = first.length > LONGEST_QUOTED ? `${first.slice(0, LONGEST_QUOTED)}...` : first;
  const andMore = more.length > 0 ? ` (and ${more.length} more)` : '';
  return problemDocument('unauthorized', `Incorrect TXT record ${JSON.stringify(quoted)}${andMore} found at ${record}`);
}
