import type { GatewayConfig } from '../config/index.ts';
import { chooseOutbound, mayCallAs, type OutboundRule, psidOf, waIdOf } from '../routing/index.ts';
import type { Log } from '../shared/log.ts';
import type { IncomingInvite } from '../sip/index.ts';
import type { Directory } from '../store/index.ts';
import type { Account, Accounts } from './accounts.ts';
import type { Admission } from './caller-gate.ts';
import { dialerOf } from './dialer.ts';

/** Whom a phone calls, as whom, and by which rule. */
export type OutboundChoice =
  | {
      readonly ok: true;
      readonly rule: OutboundRule;
      readonly account: Account;
      readonly psid: string;
      /** Who dials, as the trunk names them; may be empty. */
      readonly dialer: string;
    }
  | { readonly ok: false; readonly status: number; readonly phrase: string };

export interface OutboundSources {
  readonly rules: GatewayConfig['outbound']['rules'];
  readonly accounts: Accounts;
  readonly directory: Directory;
  readonly log: Log;
}

/** What a phone's INVITE asks for, or why it may not have it. */
export function outboundChoice(
  invite: IncomingInvite,
  { name: trunkName, trunk, isOurContact }: Extract<Admission, { readonly ok: true }>,
  { rules, accounts, directory, log }: OutboundSources,
): OutboundChoice {
  const dialer = dialerOf(invite, trunk);
  log.debug({ trunk: trunkName, callerUser: dialer }, 'outbound.dialer');
  const choice = chooseOutbound(rules, {
    trunk: trunkName,
    // A registrar that calls our Contact says in To alone which of our numbers was called.
    number: isOurContact ? invite.to.user || invite.user : invite.user,
    caller: dialer,
    header: (name) => invite.header(name),
    isPage: (id) => accounts.has(id),
  });
  if (!choice.ok) return choice;
  // A short number stands for a person of one Page, whichever of its Pages the trunk would call as.
  const known = directory.find(choice.number);
  const pageId = known?.pageId ?? choice.pageId;
  const account = accounts.get(pageId);
  if (!account) return { ok: false, status: 404, phrase: 'Unknown Page' };
  if (!mayCallAs(rules, trunkName, pageId)) return { ok: false, status: 404, phrase: 'Unknown Number' };
  const dialled = account.platform.name === 'whatsapp' ? waIdOf(choice.number) : psidOf(choice.number);
  const psid = known?.psid ?? dialled;
  if (psid === undefined) return { ok: false, status: 404, phrase: 'Unknown Number' };
  return { ok: true, rule: choice.rule, account, psid, dialer };
}
