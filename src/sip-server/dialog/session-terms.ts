import { splitList } from '../grammar/scan.ts';
import {
  parseMinSE,
  parseSessionExpires,
  type Refresher,
  type SessionExpires,
} from '../grammar/session-expires.ts';
import type { Headers } from '../message/headers.ts';

/** The least session interval we serve, in seconds: the least that RFC 4028 5 allows. */
export const MIN_SE = 90;

/** What the two sides of a dialog have agreed on. */
export interface SessionTerms {
  /** Session interval in seconds. */
  readonly interval: number;
  /** Who refreshes, whatever the roles in the dialog or in its last transaction. */
  readonly refresher: 'local' | 'remote';
}

/** Session-Expires of a message; undefined also when it is malformed (RFC 3261 8.2.2: ignored). */
export function sessionExpiresOf(headers: Headers): SessionExpires | undefined {
  const value = headers.get('session-expires');
  return value === undefined ? undefined : parseSessionExpires(value);
}

/** Min-SE of a message in seconds, 0 when there is none. */
export const minSEOf = (headers: Headers): number => parseMinSE(headers.get('min-se') ?? '') ?? 0;

export function hasOption(headers: Headers, key: 'supported' | 'require', option: string): boolean {
  return headers.all(key).some((value) => splitList(value).some((tag) => tag.toLowerCase() === option));
}

/** Whether its sender takes part in session timers; who names a refresher knows of them. */
function supportsTimer(headers: Headers): boolean {
  return (
    hasOption(headers, 'supported', 'timer') ||
    hasOption(headers, 'require', 'timer') ||
    sessionExpiresOf(headers)?.refresher !== undefined
  );
}

/** Whether a request must be refused with 422 and our Min-SE: only who supports timers can do better (RFC 4028 9). */
export function isTooShort(request: Headers): boolean {
  const asked = sessionExpiresOf(request);
  return asked !== undefined && asked.interval < MIN_SE && supportsTimer(request);
}

/**
 * Session-Expires of our 2xx (RFC 4028 9), or undefined for no session timer.
 *
 * The application's wish counts within the bounds of the request: never longer than asked for, never below its
 * Min-SE or ours; and its refresher where the request leaves that open. Without a wish the request is granted, and
 * its sender is to refresh when it can.
 *
 * @param required whether `Require: timer` belongs to it: the peer understands it
 */
export function answerTerms(
  request: Headers,
  wish: SessionExpires | undefined,
): (SessionExpires & { readonly refresher: Refresher; readonly required: boolean }) | undefined {
  const supported = supportsTimer(request);
  const given = sessionExpiresOf(request);
  // Too short, of a peer to whom 422 would mean nothing (a proxy put it in): no timer.
  const asked = given && given.interval >= MIN_SE ? given : undefined;
  if (!asked && !wish) return undefined;
  const longest = asked?.interval ?? Number.POSITIVE_INFINITY;
  const wanted = Math.min(wish?.interval ?? longest, longest);
  const interval = Math.max(wanted, MIN_SE, minSEOf(request));
  const refresher = supported ? (asked?.refresher ?? wish?.refresher ?? 'uac') : 'uas';
  return { interval, refresher, required: supported };
}

/**
 * What a 2xx to INVITE or UPDATE means for us (RFC 4028 7.2, 9): undefined for no session timer any more. A peer's
 * interval below the least one counts as that.
 *
 * @param role ours in that transaction
 */
export function termsOf(answer: Headers, role: Refresher): SessionTerms | undefined {
  const agreed = sessionExpiresOf(answer);
  if (!agreed) return undefined;
  const refresher = (agreed.refresher ?? 'uac') === role ? 'local' : 'remote';
  return { interval: Math.max(agreed.interval, MIN_SE), refresher };
}

/** The same terms as our next request must ask for them (RFC 4028 7.4). */
export function renewed({ interval, refresher }: SessionTerms): SessionExpires {
  return { interval, refresher: refresher === 'local' ? 'uac' : 'uas' };
}
