import type { CallSettings } from './settings.ts';

/** What a webhook item says, in the one form that the rest of the gateway knows. */
export type MetaEvent =
  | ConnectEvent
  | CallStatusEvent
  | MediaUpdateEvent
  | TerminateEvent
  | PermissionReplyEvent
  | SettingsUpdateEvent;

interface EventBase {
  /** Absent: Messenger. */
  readonly platform?: 'whatsapp';
  /** On WhatsApp the phone_number_id. */
  readonly pageId: string;
  /** Milliseconds since the epoch, by Meta's clock; the entry's time where the item has none. */
  readonly timestampMs?: number;
  /**
   * `page|call|event|timestamp|status or version`, because Meta gives no event id. The timestamp in it is the
   * item's own, in milliseconds: the entry's may differ from one delivery to the next.
   */
  readonly dedupeKey: string;
}

export interface ConnectEvent extends EventBase {
  readonly kind: 'connect';
  readonly callId: string;
  /** PSID or wa_id: whichever of `from` and `to` is not the business. */
  readonly consumerId: string;
  /** As the webhook has it (WhatsApp). */
  readonly consumerName?: string;
  /** WhatsApp: the consumer's offer, or the answer to ours; lines ended with CRLF. */
  readonly session?: { readonly type: 'offer' | 'answer'; readonly sdp: string };
  /** What our connect carried (WhatsApp echoes it). */
  readonly opaque?: string;
  /** Absent in sloppy forms: ours when we have a pending connect to this consumer, otherwise inbound. */
  readonly direction?: 'user_initiated' | 'business_initiated';
}

export interface CallStatusEvent extends EventBase {
  readonly kind: 'call_status';
  readonly callId: string;
  /** Lower case: `ringing`, `accepted`; on WhatsApp `rejected`, too. */
  readonly status: string;
  readonly consumerId?: string;
  readonly opaque?: string;
}

export interface MediaUpdateEvent extends EventBase {
  readonly kind: 'media_update';
  readonly callId: string;
  /** A whole number from 0; the highest wins. */
  readonly version?: number;
  /** The renegotiation offer, lines ended with CRLF; absent: nothing to do. */
  readonly sdp?: string;
}

export interface TerminateEvent extends EventBase {
  readonly kind: 'terminate';
  readonly callId: string;
  /** Lower case: `completed`, `failed`. */
  readonly status: string;
  /** Seconds; absent or 0 when the call never connected. Says whether it was answered; `startTimeMs` does not. */
  readonly durationS?: number;
  readonly startTimeMs?: number;
  readonly endTimeMs?: number;
  /** WhatsApp: code of the first of the errors that come with it. */
  readonly errorCode?: number;
  readonly opaque?: string;
}

export interface PermissionReplyEvent extends EventBase {
  readonly kind: 'call_permission_reply';
  readonly consumerId: string;
  readonly response: 'approve' | 'reject';
  readonly expirationMs?: number;
}

export interface SettingsUpdateEvent extends EventBase, CallSettings {
  readonly kind: 'call_settings_update';
}

export interface CallHours {
  /** IANA name. */
  readonly timezoneId?: string;
  /** Days upper case, times `HHMM`; days that are not listed are closed. */
  readonly weekly: readonly { readonly day: string; readonly open: string; readonly close: string }[];
}

/** Items that are no event of ours, counted by reason: a batch may hold a thousand of them. */
export interface IgnoredItems {
  /** Safe to log: no value of the payload but event and field names. */
  readonly reason: string;
  /** `foreign`: meant for somebody else, as messages are. `malformed`: ours by its place, and unusable. */
  readonly nature: 'foreign' | 'malformed';
  readonly pageId?: string;
  readonly count: number;
}

export interface WebhookBatch {
  readonly items: readonly MetaEvent[];
  /** Never an error, because Meta would send the whole batch again. */
  readonly ignored: readonly IgnoredItems[];
}
