import { printable } from '../core/printable.ts';
import type { Clock } from './clock.ts';
import { type AcmeEndpoint, connectionTo } from './endpoint.ts';
import { expectSuccess } from './refusal.ts';
import { repeat } from './repeat.ts';
import { instantField, nonsense, objectField, resourceIn } from './resource.ts';
import { retryAfterMilliseconds } from './retry-after.ts';
import { createTransport, type Transport } from './transport.ts';

/** What a CA suggests for one certificate (RFC 9773, section 4.2). Instants are milliseconds since the epoch. */
export interface RenewalInfo {
  readonly start: number;
  /** Later than `start`; both are in the past for a certificate that has to go at once. */
  readonly end: number;
  /** A page for the operator. */
  readonly explanationUrl?: string;
  /** As the CA says, without limits: section 4.3.2 leaves those to whoever asks. */
  readonly retryAfterMilliseconds?: number;
}

/** Where a CA answers renewal information (`renewalInfo` in its directory), and how to reach it. */
export interface RenewalInfoEndpoint extends Omit<AcmeEndpoint, 'directoryUrl'> {
  readonly renewalInfoUrl: string;
}

/** Connections to CAs by all that decides how they are reached, for somebody who asks for many certificates: each asker's own. */
export type RenewalInfoTransports = Map<string, Transport>;

/**
 * Asks for the renewal information of a certificate: an unauthenticated GET (RFC 9773, section 4.1). Throws
 * `ca-refused` when the CA does not know the certificate, `ca-misbehaved` for a window that is none, and whatever any
 * request throws.
 */
export async function readRenewalInfo(
  endpoint: RenewalInfoEndpoint,
  ariId: string,
  { clock, transports }: { readonly clock: Clock; readonly transports?: RenewalInfoTransports | undefined },
): Promise<RenewalInfo> {
  const { renewalInfoUrl } = endpoint;
  const key = JSON.stringify(endpoint);
  const transport = transports?.get(key) ?? createTransport(connectionTo(renewalInfoUrl, endpoint));
  transports?.set(key, transport);
  const url = `${renewalInfoUrl.replace(/\/$/, '')}/${ariId}`;
  const answer = await repeat(clock, 'read', async () =>
    expectSuccess(await transport('GET', url), 'give renewal information', clock.now()),
  );
  const resource = resourceIn(answer, 'renewal information');
  const window = objectField(resource, 'suggestedWindow');
  const [start, end] = [instantField(window, 'start'), instantField(window, 'end')];
  if (end <= start) throw nonsense(resource, 'its window ends before it starts');
  const explanation = resource.fields['explanationURL'];
  const after = retryAfterMilliseconds(answer.headers['retry-after'], clock.now());
  return {
    start,
    end,
    ...(isWebPage(explanation) ? { explanationUrl: printable(explanation, 500) } : {}),
    ...(after === undefined ? {} : { retryAfterMilliseconds: after }),
  };
}

function isWebPage(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}
