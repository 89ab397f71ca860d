import { displayName } from './display-name.ts';
import { visible } from './header-template.ts';
import { escapeUser, formatHost } from './sip-uri.ts';
import type { Caller, InvitePlan, TrunkIdentity } from './types.ts';

/** How a PBX is told who calls; the configuration's `callerId` fits. */
export interface CallerIdRules {
  /** P-Asserted-Identity (RFC 3325), Remote-Party-ID (draft-ietf-sip-privacy-04, never an RFC, still read). */
  readonly headers: readonly ('pai' | 'rpid')[];
  /** Who stands in From; `trunk`: what the PBX knows us as. Default `caller`. */
  readonly from?: 'caller' | 'trunk' | undefined;
  readonly fromUser?: string | undefined;
  /** `id`: the PBX knows and tells nobody (RFC 3323); `hidden`: it is not told. */
  readonly privacy: 'none' | 'id' | 'hidden';
}

export const DEFAULT_CALLER_ID: CallerIdRules = { headers: ['pai'], privacy: 'none' };

/** RFC 3323 4.1.1.3: From of those who are not told; the host says by itself that it is nobody's. */
const NOBODY = { user: 'anonymous', displayName: 'Anonymous', host: 'anonymous.invalid' } as const;

/** From, and the headers beside it that name the caller. `localhost` is replaced by the SIP server's own address. */
export function callerIdentity(trunk: TrunkIdentity, caller: Caller): Pick<InvitePlan, 'from' | 'headers'> {
  const rules = trunk.callerId ?? DEFAULT_CALLER_ID;
  const name = displayName(caller.name, caller.platform);
  const user = visible(caller.number ?? caller.psid) || 'anonymous';
  const host = trunk.fromDomain === undefined ? undefined : formatHost(trunk.fromDomain);
  return {
    from: fromOf(trunk, rules, { user, displayName: name, ...(host === undefined ? {} : { host }) }),
    headers: {
      ...(rules.privacy === 'hidden'
        ? {}
        : named(rules, `"${name}" <sip:${escapeUser(user)}@${host ?? 'localhost'}>`)),
      ...(rules.privacy === 'none' ? {} : { Privacy: 'id' }),
    },
  };
}

function fromOf(trunk: TrunkIdentity, rules: CallerIdRules, caller: InvitePlan['from']): InvitePlan['from'] {
  const isOpen = rules.privacy === 'none';
  if (rules.from !== 'trunk') return isOpen ? caller : NOBODY;
  const domain = formatHost(trunk.fromDomain ?? trunk.host ?? '');
  return {
    user: rules.fromUser ?? trunk.credentials?.username ?? '',
    displayName: isOpen ? caller.displayName : NOBODY.displayName,
    ...(domain === undefined ? {} : { host: domain }),
  };
}

function named({ headers, privacy }: CallerIdRules, address: string): Record<string, string> {
  return {
    ...(headers.includes('pai') ? { 'P-Asserted-Identity': address } : {}),
    ...(headers.includes('rpid')
      ? {
          'Remote-Party-ID': `${address};party=calling;screen=yes;privacy=${privacy === 'none' ? 'off' : 'full'}`,
        }
      : {}),
  };
}
