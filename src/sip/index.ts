export { connectSip } from './connect.ts';
export type { Reason, ReceivedReason } from './reason.ts';
export { formatReason, parseReason } from './reason.ts';
export type {
  ConnectSipOptions,
  Credentials,
  IncomingInvite,
  InviteEvents,
  InviteFailure,
  InviteFailureKind,
  InviteOptions,
  OutboundInvite,
  Provisional,
  RequestFailure,
  SipControl,
  SipDialog,
  SipDialogEvents,
} from './types.ts';
