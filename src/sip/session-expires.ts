import { paramsOf, splitOutside } from './grammar.ts';

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
  const tags = `${request.header('supported') ?? ''},${request.header('require') ?? ''}`.toLowerCase();
  const supported = asked !== undefined || splitOutside(tags, ',').some((tag) => tag.trim() === 'timer');
  const refresher = supported ? (asked ?? 'uac') : 'uas';
  return {
    'Session-Expires': `${Number(digits)};refresher=${refresher}`,
    ...(supported && { Require: 'timer' }),
  };
}
