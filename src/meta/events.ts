/** What a webhook item says, in the one form that the rest of the gateway knows. */
export type MetaEvent =
  | ConnectEvent
  | CallStatusEvent
  | MediaUpdateEvent
  | TerminateEvent
  | PermissionReplyEvent
  | SettingsUpdateEvent;

interface EventBase {
  readonly pageId: string;
  /** Milliseconds since the epoch, by Meta's clock. */
  readonly timestampMs?: number;
  /** `page|call|event|timestamp|status or version`: Meta gives no event id. */
  readonly dedupeKey: string;
}

export interface ConnectEvent extends EventBase {
  readonly kind: 'connect';
  readonly callId: string;
  /** PSID: whichever of `from` and `to` is not the Page. */
  readonly consumerId: string;
  /** Absent in sloppy forms: ours when we have a pending connect to this consumer, otherwise inbound. */
  readonly direction?: 'user_initiated' | 'business_initiated';
}

export interface CallStatusEvent extends EventBase {
  readonly kind: 'call_status';
  readonly callId: string;
  /** Lower case: `ringing`, `accepted`. */
  readonly status: string;
  readonly consumerId?: string;
}

export interface MediaUpdateEvent extends EventBase {
  readonly kind: 'media_update';
  readonly callId: string;
  readonly version?: number;
  /** The renegotiation offer; absent: nothing to do. */
  readonly sdp?: string;
}

export interface TerminateEvent extends EventBase {
  readonly kind: 'terminate';
  readonly callId: string;
  /** Lower case: `completed`, `failed`. */
  readonly status: string;
  /** Seconds; absent, null or 0 when the call never connected. */
  readonly durationS?: number;
  readonly startTimeMs?: number;
  readonly endTimeMs?: number;
}

export interface PermissionReplyEvent extends EventBase {
  readonly kind: 'call_permission_reply';
  readonly consumerId: string;
  readonly response: 'approve' | 'reject';
  readonly expirationMs?: number;
}

export interface SettingsUpdateEvent extends EventBase {
  readonly kind: 'call_settings_update';
  readonly audioEnabled?: boolean;
  readonly iconEnabled?: boolean;
  readonly ringTarget?: string;
}

export interface WebhookBatch {
  readonly items: readonly MetaEvent[];
  /** Items that are no event of ours, each with the reason; never an error, because Meta would send them again. */
  readonly ignored: readonly { readonly reason: string; readonly pageId?: string }[];
}
