// connectSip(options: ConnectSipOptions): Promise<SipControl> joins these as soon as it works.
export type { Reason } from "./reason.ts";
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
} from "./types.ts";
