export type { Binding } from './bindings.ts';
export { connectSip } from './connect.ts';
export { DigestGuard, type DigestGuardOptions, type DigestVerdict } from './digest-guard.ts';
export { type InfoKey, readInfoKey } from './dtmf-info.ts';
export type { EarlyMedia } from './early-media.ts';
export { forkInvite } from './forked-invite.ts';
export { type AssertedIdentity, assertedIdentity } from './identity.ts';
export { type Orphan, orphanOf } from './orphans.ts';
export type { Reason, ReceivedReason } from './reason.ts';
export { formatReason, parseReason } from './reason.ts';
export {
  formatReplaces,
  parseReferTo,
  parseReplaces,
  type ReferTarget,
  type ReplacedDialog,
} from './refer.ts';
export { Registrar, type RegistrarOptions } from './registrar.ts';
export { isTooShort } from './session-expires.ts';
export type {
  ConnectSipOptions,
  Credentials,
  IncomingInvite,
  InviteEvents,
  InviteFailure,
  InviteFailureKind,
  InviteOptions,
  OptionsRequest,
  OutboundInvite,
  Provisional,
  Refer,
  ReferAnswer,
  RequestFailure,
  SessionTimerWish,
  SipControl,
  SipDialog,
  SipDialogEvents,
  SipMessage,
} from './types.ts';
export type { RegisterOptions, Registration, RegistrationView } from './types-register.ts';
export { WrongAnswers } from './wrong-answers.ts';
