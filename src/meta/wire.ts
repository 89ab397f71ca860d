/**
 * What travels between us and Meta, as Meta spells it (Messenger calling pages and Graph reference, v26.0).
 * We send exactly these forms; what we take is wider, and is read with care from untyped JSON.
 */

/** `{ sdp_type, sdp }`, the bare SDP, or the object as JSON text: the pages show the first two. */
export type WireSdp = { readonly sdp_type: 'offer' | 'answer'; readonly sdp: string } | string;

/** `POST /{page_id}/calls` */
export type CallsRequest =
  | {
      readonly platform: 'messenger';
      readonly call_id: string;
      readonly action: 'accept';
      readonly session: { readonly sdp_type: 'offer'; readonly sdp: string };
    }
  | {
      readonly platform: 'messenger';
      readonly to: string;
      readonly action: 'connect';
      readonly session: { readonly sdp_type: 'offer'; readonly sdp: string };
    }
  | {
      readonly platform: 'messenger';
      readonly call_id: string;
      readonly action: 'media_update';
      /** Integers; the guide types them as text. */
      readonly from_version: number | string;
      readonly to_version: number | string;
      /** At most 4, of which 2 are of use. */
      readonly tracks?: readonly WireTrack[];
      readonly session?: { readonly sdp_type: 'offer'; readonly sdp: string };
    }
  | {
      readonly platform: 'messenger';
      readonly call_id: string;
      readonly action: 'reject' | 'terminate';
    };

export const TRACK_LABELS = ['default_audio', 'default_video', 'screen_audio', 'screen_video'] as const;
export const TRACK_STATUSES = ['enabled', 'disabled'] as const;

/** A track of ours in a media_update. */
export interface WireTrack {
  /** The track id: the second token of the offer's `a=msid`. */
  readonly msid: string;
  readonly label: (typeof TRACK_LABELS)[number];
  readonly status: (typeof TRACK_STATUSES)[number];
}

/** Its reply, the union of all variants; `success` is the only key that is always there. */
export interface CallsReply {
  readonly success: boolean;
  readonly id?: string;
  readonly call_id?: string;
  readonly session?: { readonly sdp_response?: WireSdp; readonly sdp_renegotiation?: WireSdp };
}

/** The error of Graph; only `message` and `code` are always there. Wrapped in `{ error }`, or (reference) flat. */
export interface WireError {
  readonly message: string;
  readonly code: number;
  readonly type?: string;
  readonly error_subcode?: number;
  readonly is_transient?: boolean;
  readonly error_data?: unknown;
  readonly error_user_title?: string;
  readonly error_user_msg?: string;
  readonly fbtrace_id?: string;
}

/** An id is text, but bare numbers appear in samples. A time is seconds, milliseconds in places, and text in places. */
type WireId = string | number;
type WireTime = number | string;

/** One item of `entry[].calls[]`. */
export type WireCall =
  | {
      readonly event: 'connect';
      readonly id: WireId;
      readonly from: WireId;
      readonly to: WireId;
      readonly timestamp: WireTime;
      readonly call_direction?: 'user_initiated' | 'business_initiated';
    }
  | {
      readonly event: 'call_status';
      readonly id: WireId;
      readonly timestamp: WireTime;
      readonly recipient_id?: WireId;
      readonly call_status: 'ringing' | 'accepted';
    }
  | {
      readonly event: 'media_update';
      readonly id: WireId;
      readonly timestamp: WireTime;
      readonly session?: { readonly version?: WireTime; readonly sdp_renegotiation?: WireSdp };
    }
  | {
      readonly event: 'terminate';
      readonly id: WireId;
      readonly timestamp: WireTime;
      readonly status: 'Completed' | 'Failed';
      readonly start_time?: WireTime;
      readonly end_time?: WireTime;
      /** Seconds; missing, null or 0 when the call never connected. */
      readonly duration?: number | null;
    };

/** Sits on the entry, on one of `entry[].messaging[]`, or in `entry[].changes[].value`. */
export interface WirePermissionReply {
  readonly sender: { readonly id: WireId };
  readonly recipient: { readonly id: WireId };
  readonly timestamp: WireTime;
  readonly call_permission_reply: {
    readonly response: 'approve' | 'reject';
    readonly expiration_timestamp?: WireTime;
  };
}

export interface WireCallSettings {
  readonly audio_enabled?: boolean;
  readonly icon_enabled?: boolean;
  readonly video_enabled?: boolean;
  /** Text in the webhook, an object in the settings endpoint. */
  readonly call_routing?: string | { readonly ring_target: string };
  readonly call_hours?: {
    readonly timezone_id?: string;
    readonly weekly_operating_hours?: readonly {
      readonly day_of_week: string;
      readonly open_time: string;
      readonly close_time: string;
    }[];
  };
}

export interface WireEntry {
  readonly id?: WireId;
  readonly time?: WireTime;
  readonly calls?: readonly WireCall[];
  readonly changes?: readonly { readonly field: string; readonly value: object }[];
  readonly messaging?: readonly object[];
  readonly call_settings?: WireCallSettings;
}

export interface WireWebhook {
  readonly object: 'page';
  readonly entry: readonly (WireEntry | WirePermissionReply)[];
}

/** `end_call_reason` of `call_metrics`, in the spelling of Meta's list. */
export const END_CALL_REASONS = [
  'Call_End_Accept_After_Hang_Up',
  'Caller_Not_Visible',
  'Camera_Permission_Denied',
  'Client_Error',
  'Client_Interrupted',
  'Connection_Dropped',
  'Hangup_Call',
  'Ignore_Call',
  'In_Another_Call',
  'Inactive_Timeout',
  'Incoming_Timeout',
  'Max_Allowed_Participants_Reached',
  'Microphone_Permission_Denied',
  'No_Answer_Timeout',
  'No_Permission',
  'Removed_By_Participant',
  'Ring_Muted',
  'Signaling_Message_Failed',
  'Unexpected_End_Of_Call',
  'Unknown',
  'Version_Unsupported',
  'WebRTC_Error',
] as const;
export type EndCallReason = (typeof END_CALL_REASONS)[number];
