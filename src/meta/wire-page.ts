/**
 * What travels between us and Meta about a Page beside its calls: settings, messages, metrics, feature, subscriptions.
 * As in `wire.ts`, we send exactly these forms; what we take is wider.
 */
import type { EndCallReason } from './wire.ts';

/** Who rings when a consumer calls: Meta's own inbox, or partners such as this gateway. */
export const RING_TARGETS = ['META', 'PARTNERS'] as const;
export type RingTarget = (typeof RING_TARGETS)[number];

export const DAYS = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'] as const;
export type Day = (typeof DAYS)[number];

/** `POST /{page_id}/messenger_call_settings`: any subset. */
export interface SettingsRequest {
  readonly audio_enabled?: boolean;
  readonly icon_enabled?: boolean;
  readonly video_enabled?: boolean;
  readonly call_routing?: { readonly ring_target: RingTarget };
  /** Replaces the whole week. */
  readonly call_hours?: {
    /** IANA; Meta's table says ISO 8601 and shows an IANA name. */
    readonly timezone_id: string;
    readonly weekly_operating_hours: readonly {
      readonly day_of_week: Day;
      /** `HHMM` */
      readonly open_time: string;
      readonly close_time: string;
    }[];
  };
}

/** Fields of the GET. */
export const SETTINGS_FIELDS = [
  'audio_enabled',
  'icon_enabled',
  'video_enabled',
  'call_routing',
  'call_hours',
] as const satisfies readonly (keyof SettingsRequest)[];

/** `POST /{page_id}/messages`: calling templates; Meta's samples carry no `messaging_type`. */
export interface CallingMessage {
  readonly recipient: { readonly id: string };
  readonly message: { readonly attachment: { readonly type: 'template'; readonly payload: CallingTemplate } };
}

export type CallingTemplate =
  /** Asks for permission to call. */
  | { readonly template_type: 'calling_optin' }
  /** Invites the consumer to call. */
  | { readonly template_type: 'call_prompt'; readonly ttl_days?: number }
  | { readonly template_type: 'button'; readonly text: string; readonly buttons: readonly CallButton[] }
  | {
      readonly template_type: 'generic';
      readonly elements: readonly {
        readonly title: string;
        readonly subtitle?: string;
        readonly buttons: readonly CallButton[];
      }[];
    };

/** A button that calls the Page. */
export interface CallButton {
  readonly type: 'audio_call';
  readonly title: string;
  /** 1 to 7; 7 when absent. */
  readonly expires_in_days?: number;
}

/** `POST /{page_id}/business_messaging_feature_status`; it reads, despite POST. */
export interface FeatureStatusRequest {
  readonly features: readonly { readonly feature: 'messenger_api_calling' }[];
}

/** `subscribed_fields` that calling needs; `POST /{page_id}/subscribed_apps` takes them in the query. */
export const CALLING_FIELDS = ['calls', 'call_permission_reply', 'call_settings_update'] as const;

/** `POST /{page_id}/call_metrics`, once after the call, within 24 hours. Times in Unix seconds. */
export interface CallMetrics {
  readonly platform: 'messenger';
  readonly call_id: string;
  readonly end_call_reason: EndCallReason;
  /** In our words. */
  readonly end_call_subreason?: string;
  readonly call_ended_time: number;
  readonly first_audio_packet_received_time: number;
  /** Keys with `_sec` as in Meta's sample and script; its table has others. What is not measured is left out. */
  readonly audio_stats: {
    readonly jitter_sec: number;
    readonly packets_lost: number;
    readonly packets_received: number;
    readonly round_trip_time_sec?: number;
    /** Cumulative, as WebRTC counts it. */
    readonly jitter_buffer_delay_sec?: number;
    readonly concealed_samples: number;
    readonly silent_concealed_samples?: number;
    readonly total_samples_duration_sec: number;
  };
}
