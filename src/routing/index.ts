export { displayName, FALLBACK_NAME, MAX_NAME_LENGTH } from './display-name.ts';
export { invitePlan, VOIP_ONLY_HEADER } from './invite-plan.ts';
export { orderTargets } from './order.ts';
export {
  chooseOutbound,
  mayCallAs,
  type OutboundChoice,
  type OutboundRequest,
  type OutboundRule,
  psidOf,
  waIdOf,
} from './outbound.ts';
export { parseSipTarget, type SipTarget } from './sip-target.ts';
export { escapeUser, formatHost, formatSipUri, type SipUriParts } from './sip-uri.ts';
export { targetsOfPage } from './targets.ts';
export { type TrunkSource, trunksAt } from './trunks-at.ts';
export type {
  Caller,
  InvitePlan,
  RoutedTarget,
  RouteTargetInput,
  RoutingInput,
  TrunkInput,
} from './types.ts';
export { fitsPattern } from './user-pattern.ts';
export { looksLikePstn, type VoipRefusal, type VoipTrunk, type VoipVerdict, voipOnly } from './voip-only.ts';
