export { type CallerIdRules, DEFAULT_CALLER_ID } from './caller-id.ts';
export { displayName, FALLBACK_NAME, MAX_NAME_LENGTH } from './display-name.ts';
export type { HeaderRules } from './header-rules.ts';
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
export { type PlanOptions, type RouteOutcome, type RoutePlan, type Treatment, treatmentOf } from './plan.ts';
export { isRedirect, type RedirectPlace, RedirectTrail } from './redirect-trail.ts';
export {
  asksLanguage,
  chooseRoute,
  type RouteChoice,
  type RouteFacts,
  type RoutingRule,
  type RuleCondition,
  type Wanted,
} from './rules.ts';
export { DAYS, type Openness, openness, type Schedule, wallClock } from './schedule.ts';
export { parseSipTarget, type SipTarget } from './sip-target.ts';
export { escapeUser, formatHost, formatSipUri, nextHop, type SipUriParts } from './sip-uri.ts';
export { targetAt, targetsOfPage, targetsOfRoute } from './targets.ts';
export { type TrunkSource, trunksAt } from './trunks-at.ts';
export type {
  Caller,
  InvitePlan,
  RoutedTarget,
  RouteTargetInput,
  RoutingInput,
  TrunkIdentity,
  TrunkInput,
} from './types.ts';
export { fitsPattern } from './user-pattern.ts';
export { type UserToUserRule, userToUserText } from './user-to-user.ts';
export { looksLikePstn, type VoipRefusal, type VoipTrunk, type VoipVerdict, voipOnly } from './voip-only.ts';
export { isZone, zonedTime } from './zoned-time.ts';
