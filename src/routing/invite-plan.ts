import { callerIdentity } from './caller-id.ts';
import { applyHeaderRules } from './header-rules.ts';
import { visible } from './header-template.ts';
import type { Caller, InvitePlan, RoutedTarget, TrunkIdentity } from './types.ts';
import { userToUser } from './user-to-user.ts';

/** Meta forbids PSTN on any leg of a bridged call: dialplans can refuse to forward what carries this. */
export const VOIP_ONLY_HEADER = 'X-Meta-VoIP-Only';

/** Who rings whom, for one target: From, To and every header of ours. `trunk` is the target's. */
export function invitePlan(
  target: Pick<RoutedTarget, 'uri'>,
  trunk: TrunkIdentity,
  caller: Caller,
): InvitePlan {
  const platform = caller.platform ?? 'messenger';
  const { from, headers } = callerIdentity(trunk, caller);
  const ours = {
    ...headers,
    'X-Meta-Call-Id': visible(caller.callId),
    'X-Meta-Page-Id': visible(caller.pageId),
    ...(trunk.callerId?.privacy === 'hidden' ? {} : { 'X-Meta-Psid': visible(caller.psid) }),
    ...(platform === 'messenger' ? {} : { 'X-Meta-Platform': platform }),
    [VOIP_ONLY_HEADER]: '1',
    ...(trunk.pEarlyMedia ? { 'P-Early-Media': 'supported' } : {}),
    ...(trunk.userToUser ? { 'User-to-User': userToUser(trunk.userToUser, caller) } : {}),
  };
  return {
    uri: target.uri,
    from,
    // A semicolon before the @ belongs to the user part (RFC 3261 25.1).
    to: target.uri.replace(/;[^@]*$/, ''),
    headers: trunk.headers ? applyHeaderRules(ours, trunk.headers, caller) : ours,
  };
}
