import type { CertificateTags } from '../../core/certificate-tags.ts';
import { digest } from '../digest.ts';

/**
 * The requests of CloudFormation that were begun on a secret, in the tag `evercert:requests`. Lambda may deliver an event
 * again when a newer one has been worked on (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html), and
 * nothing in the event says how old it is. Shortened ids, as many as a tag's 256 characters hold: the newest first.
 */
type Requests = Pick<CertificateTags, 'requests'>;

const REMEMBERED = 16;
const LENGTH = 15;

/** Whether the request was begun before, and is the newest or not. */
export function isKnown(requestId: string, tags: Requests): boolean {
  return idsIn(tags).includes(short(requestId));
}

/** Whether another request has been begun since this one: doing it now would undo that one. */
export function isOvertaken(requestId: string, tags: Requests): boolean {
  return isKnown(requestId, tags) && !isNewest(requestId, tags);
}

/** Whether it is the last one that was begun: a repetition goes on with it. */
export function isNewest(requestId: string, tags: Requests): boolean {
  return idsIn(tags)[0] === short(requestId);
}

/** The tag with this request as the newest. */
export function begun(requestId: string, tags: Requests): Requests {
  const others = idsIn(tags).filter((id) => id !== short(requestId));
  return { requests: [short(requestId), ...others].slice(0, REMEMBERED).join(' ') };
}

function idsIn({ requests = '' }: Requests): readonly string[] {
  return requests.split(' ').filter((id) => id !== '');
}

function short(requestId: string): string {
  return digest('request', requestId).slice(0, LENGTH);
}
