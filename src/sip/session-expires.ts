import { paramsOf, splitOutside } from './grammar.ts';
import type { SessionTimerWish } from './types.ts';

/** The least session interval in seconds (RFC 4028 5); what asks for less the SIP server answers 422. */
const MIN_SE = 90;

/**
 * Headers of a 2xx that grants the session timer for which an INVITE or UPDATE asks: its interval, refreshed by its
 * sender wherever that can (RFC 4028 9); none when it does not ask. The SIP server keeps the time, refreshes, and
 * ends what nobody refreshed.
 */
export function grantedSession(request: {
  header(name: string): string | undefined;
}): Record<string, string> {
  const [digits = '', ...rest] = splitOutside(request.header('session-expires') ?? '', ';');
  if (!/^\d{1,10}$/.test(digits) || Number(digits) < MIN_SE) return {};
  const asked = paramsOf(rest).get('refresher')?.toLowerCase();
  if (asked !== undefined && asked !== 'uac' && asked !== 'uas') return {};
  const supported = asked !== undefined || hasTimer(request);
  const refresher = supported ? (asked ?? 'uac') : 'uas';
  return {
    'Session-Expires': `${Number(digits)};refresher=${refresher}`,
    ...(supported && { Require: 'timer' }),
  };
}

/** Headers of an INVITE that asks for a session timer; who refreshes is left to its answer (RFC 4028 7.1). */
export function askedSession(wish: SessionTimerWish | undefined): Record<string, string> {
  if (!wish || wish.expiresS === 0) return {};
  return { 'Session-Expires': String(wish.expiresS), 'Min-SE': String(wish.minSeS) };
}

/**
 * Headers of our 2xx to an INVITE: what it asks for is granted; where it leaves a session timer open and knows of them,
 * ours is asked for, and we refresh (RFC 4028 9).
 */
export function answeredSession(request: Headed, wish: SessionTimerWish | undefined): Record<string, string> {
  if (!wish || wish.expiresS === 0 || request.header('session-expires') !== undefined || !hasTimer(request))
    return grantedSession(request);
  const expiresS = Math.max(wish.expiresS, secondsOf(request.header('min-se')));
  return { 'Session-Expires': `${expiresS};refresher=uas`, Require: 'timer' };
}

/** The wish that a 422 leaves us, with its Min-SE (RFC 4028 7.3); undefined when that asks for nothing more. */
export function raisedWish(answer: Headed, wish: SessionTimerWish): SessionTimerWish | undefined {
  const minSeS = secondsOf(answer.header('min-se'));
  return minSeS > wish.expiresS ? { expiresS: minSeS, minSeS } : undefined;
}

/** Whether an INVITE asks for less than `minSeS` seconds and can do better when it is told (RFC 4028 9). */
export function isTooShort(request: Headed, minSeS: number): boolean {
  const asked = secondsOf(request.header('session-expires'));
  return asked > 0 && asked < minSeS && hasTimer(request);
}

interface Headed {
  header(name: string): string | undefined;
}

function hasTimer(request: Headed): boolean {
  const tags = `${request.header('supported') ?? ''},${request.header('require') ?? ''}`.toLowerCase();
  return splitOutside(tags, ',').some((tag) => tag.trim() === 'timer');
}

/** Leading delta-seconds of Session-Expires or Min-SE; 0 when there are none. */
function secondsOf(value: string | undefined): number {
  return Number(/^\s{0,8}(\d{1,10})(?=[\s;]|$)/.exec(value ?? '')?.[1] ?? 0);
}
