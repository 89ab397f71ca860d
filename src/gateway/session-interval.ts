import type { Log } from '../shared/log.ts';
import { type IncomingInvite, isTooShort } from '../sip/index.ts';
import type { CallTrunk } from './phone-session.ts';

/**
 * RFC 4028 9: 422 to an INVITE, also one with Replaces, that asks for a shorter session interval than its trunk's least.
 * True: it was refused.
 */
export function refusedAsTooShort(
  invite: IncomingInvite,
  { sessionTimer: { minSeS } = { expiresS: 0, minSeS: 0 } }: Pick<CallTrunk, 'sessionTimer'>,
  log: Log,
): boolean {
  if (!isTooShort(invite, minSeS)) return false;
  log.info({ status: 422, minSeS, from: invite.source.address }, 'outbound.refused');
  invite.reject(422, { phrase: 'Session Interval Too Small', headers: { 'Min-SE': String(minSeS) } });
  return true;
}
