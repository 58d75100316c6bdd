import { DAY, MINUTE, SECOND } from '../core/duration.ts';

/** The longest that a CA of the field asks for: Let's Encrypt's limits look back seven days. */
const LONGEST_PAUSE = 7 * DAY;

const SHORTEST_POLL = SECOND;
/** Some CAs ask for a day while an order is processing, and have issued a minute later. */
const LONGEST_POLL = 5 * MINUTE;

/** The third of HTTP's formats, asctime's, does not say that it is GMT (RFC 9110, section 5.6.7). */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? [\w :+-]{6,40}$/;

/**
 * Retry-After (RFC 9110, section 10.2.3), as milliseconds from `now`: seconds or an HTTP date; zero for a date that has
 * passed; `undefined` for anything else.
 */
export function retryAfterMilliseconds(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (/^\d{1,12}$/.test(text)) return Number(text) * SECOND;
  const date = HTTP_DATE.test(text) ? Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** The instant before which a CA wants no further request: at most seven days ahead, whatever the header says. */
export function retryAt(header: string | undefined, now: number): number | undefined {
  const pause = retryAfterMilliseconds(header, now);
  return pause === undefined ? undefined : now + Math.min(pause, LONGEST_PAUSE);
}

/** How long to wait before an order or authorization is looked at again: from a second to five minutes. */
export function pollAfterMilliseconds(header: string | undefined, now: number): number | undefined {
  const pause = retryAfterMilliseconds(header, now);
  return pause === undefined ? undefined : Math.min(Math.max(pause, SHORTEST_POLL), LONGEST_POLL);
}
