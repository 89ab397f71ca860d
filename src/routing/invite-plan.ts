import { displayName } from './display-name.ts';
import { escapeUser, formatHost } from './sip-uri.ts';
import type { Caller, InvitePlan, RoutedTarget, TrunkInput } from './types.ts';

/** Meta forbids PSTN on any leg of a bridged call: dialplans can refuse to forward what carries this. */
export const VOIP_ONLY_HEADER = 'X-Meta-VoIP-Only';

/** Longest value of an X-Meta header; call ids are specified up to 255 characters. */
const MAX_VALUE = 255;

/**
 * Who rings whom, for one target. P-Asserted-Identity (RFC 3325) repeats From for PBXs that trust only it;
 * `localhost` in it is replaced by the SIP server's own address. `trunk` is the target's.
 */
export function invitePlan(
  target: Pick<RoutedTarget, 'uri'>,
  trunk: Pick<TrunkInput, 'fromDomain'>,
  caller: Caller,
): InvitePlan {
  const platform = caller.platform ?? 'messenger';
  const name = displayName(caller.name, platform);
  const host = trunk.fromDomain === undefined ? undefined : formatHost(trunk.fromDomain);
  const user = visible(caller.number ?? caller.psid) || 'anonymous';
  return {
    uri: target.uri,
    from: { user, displayName: name, ...(host === undefined ? {} : { host }) },
    // A semicolon before the @ belongs to the user part (RFC 3261 25.1).
    to: target.uri.replace(/;[^@]*$/, ''),
    headers: {
      'P-Asserted-Identity': `"${name}" <sip:${escapeUser(user)}@${host ?? 'localhost'}>`,
      'X-Meta-Call-Id': visible(caller.callId),
      'X-Meta-Page-Id': visible(caller.pageId),
      'X-Meta-Psid': visible(caller.psid),
      ...(platform === 'messenger' ? {} : { 'X-Meta-Platform': platform }),
      [VOIP_ONLY_HEADER]: '1',
    },
  };
}

/** Ids are opaque but visible ASCII; anything else in one could write a header of its own. */
function visible(value: string): string {
  return value.replace(/[^\x21-\x7E]/g, '').slice(0, MAX_VALUE);
}
