import type { Clock } from '../shared/clock.ts';
import type { ConsumerCall } from './consumer-call.ts';
import type { Outcome } from './graph-door.ts';
import { CALLING, callingError, invalidParameter, type Refusal } from './graph-refusal.ts';

export interface MetricsHost {
  readonly clock: Clock;
  call(callId: string): ConsumerCall | undefined;
  /** Metrics taken so far, by call. */
  readonly metrics: Map<string, object>;
}

/** Metrics are taken so long after the end, ms. */
const WINDOW_MS = 24 * 3_600_000;
/** As in Meta's list; written out here because the simulator checks what the gateway's own list says. */
const REASONS =
  'Call_End_Accept_After_Hang_Up Caller_Not_Visible Camera_Permission_Denied Client_Error Client_Interrupted Connection_Dropped Hangup_Call Ignore_Call In_Another_Call Inactive_Timeout Incoming_Timeout Max_Allowed_Participants_Reached Microphone_Permission_Denied No_Answer_Timeout No_Permission Removed_By_Participant Ring_Muted Signaling_Message_Failed Unexpected_End_Of_Call Unknown Version_Unsupported WebRTC_Error'.split(
    ' ',
  );
const KEYS = [
  'platform',
  'call_id',
  'end_call_reason',
  'end_call_subreason',
  'call_ended_time',
  'first_audio_packet_received_time',
  'audio_stats',
];
const STATS = [
  'jitter_sec',
  'packets_lost',
  'packets_received',
  'round_trip_time_sec',
  'jitter_buffer_delay_sec',
  'concealed_samples',
  'silent_concealed_samples',
  'total_samples_duration_sec',
];

/** `POST /{page}/call_metrics`: once, after the end, within 24 hours. */
export function takeMetrics(
  host: MetricsHost,
  body: Readonly<Record<string, unknown>>,
  asSubcode: boolean,
): Outcome {
  const wrong = formRefusal(body);
  if (wrong) return { refusal: wrong };
  const callId = String(body['call_id']);
  const call = host.call(callId);
  if (!call) return { refusal: callingError(CALLING.badCall, asSubcode) };
  const { endedAtMs } = call;
  if (endedAtMs === undefined) return { refusal: invalidParameter('The call is still in progress') };
  if (host.metrics.has(callId))
    return { refusal: invalidParameter('Metrics of this call were already submitted') };
  if (host.clock.now() - endedAtMs > WINDOW_MS)
    return { refusal: invalidParameter('Metrics are taken within 24 hours after the end') };
  host.metrics.set(callId, body);
  return { body: { success: true } };
}

function formRefusal(body: Readonly<Record<string, unknown>>): Refusal | undefined {
  const { platform, call_id: callId, end_call_reason: reason, audio_stats: stats } = body;
  const unknown = Object.keys(body).find((key) => !KEYS.includes(key));
  if (unknown) return invalidParameter(`Unknown parameter ${unknown}`);
  if (String(platform).toLowerCase() !== 'messenger') return invalidParameter('platform must be messenger');
  if (typeof callId !== 'string') return invalidParameter('call_id is required');
  if (!REASONS.includes(String(reason))) return invalidParameter('end_call_reason is invalid');
  for (const key of ['call_ended_time', 'first_audio_packet_received_time']) {
    const time = body[key];
    // Seconds: milliseconds would be a year far off.
    if (!Number.isInteger(time) || Number(time) > 1e11)
      return invalidParameter(`${key} must be Unix seconds`);
  }
  if (typeof stats !== 'object' || stats === null) return invalidParameter('audio_stats is required');
  for (const [key, value] of Object.entries(stats)) {
    if (!STATS.includes(key)) return invalidParameter(`Unknown parameter audio_stats.${key}`);
    if (typeof value !== 'number' || value < 0)
      return invalidParameter(`audio_stats.${key} must be a number`);
  }
  return undefined;
}
