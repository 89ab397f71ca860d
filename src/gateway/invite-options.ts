import { type Caller, invitePlan, type RoutedTarget } from '../routing/index.ts';
import {
  forkInvite,
  type InviteEvents,
  type InviteOptions,
  type OutboundInvite,
  type SipControl,
} from '../sip/index.ts';
import type { CallTrunk } from './phone-session.ts';
import type { TrunkWay } from './trunks/ways.ts';

export interface InviteFacts {
  readonly target: RoutedTarget;
  readonly trunk: CallTrunk;
  readonly caller: Caller;
  readonly sdp: string;
  /** Headers of redirects; undefined: nobody sent the call on. */
  readonly history: Readonly<Record<string, string>> | undefined;
}

/** Rings the target by the way there: one INVITE, or one for each Contact of an account that registered here. */
export function inviteBy(
  sip: Pick<SipControl, 'invite'>,
  way: TrunkWay,
  facts: InviteFacts,
  events: InviteEvents,
): OutboundInvite {
  const { forks } = way;
  if (!forks) return sip.invite(optionsOf(way, facts), events);
  const last = forks.groups.length - 1;
  const groups = forks.groups.map((group, i) =>
    group.map((each) => ({
      ...optionsOf(each, facts),
      ...(i < last ? { ringTimeoutMs: forks.ringMs } : {}),
    })),
  );
  return forkInvite((options, heard) => sip.invite(options, heard), groups, events);
}

function optionsOf(way: TrunkWay, { target, trunk, caller, sdp, history }: InviteFacts): InviteOptions {
  const plan = invitePlan(target, trunk, caller);
  const { proxy, routes, from, credentials = trunk.credentials } = way;
  return {
    ...plan,
    ...way.address?.(target.user),
    headers: { ...plan.headers, ...target.headers, ...history },
    ...(proxy === undefined ? {} : { proxy }),
    ...(routes ? { routes } : {}),
    ...(target.require === undefined ? {} : { require: target.require }),
    sdp,
    from: { ...plan.from, ...from },
    ...(credentials ? { credentials } : {}),
    ...(trunk.sessionTimer ? { sessionTimer: trunk.sessionTimer } : {}),
  };
}
