import type { CallRecord } from '../call/index.ts';
import type { BridgeStats, LegStats } from '../media/index.ts';
import { type CallMetrics, END_CALL_REASONS, type EndCallReason } from '../meta/index.ts';

/** RTP clock of the consumer's leg, Hz. */
const OPUS_CLOCK = 48_000;

/**
 * What Meta is told of a call that is over, from what its media legs counted; undefined for a call without audio of the
 * consumer's. Audio that passed through was not decoded here: what its receiver concealed is not ours to tell.
 */
export function metricsOf(record: CallRecord, stats: BridgeStats | undefined): CallMetrics | undefined {
  const consumer = stats?.consumer;
  const { ended } = record.milestones;
  if (!consumer || consumer.used === 0 || consumer.firstPacketAtMs === 0 || ended === undefined)
    return undefined;
  const reason = END_CALL_REASONS.find((each) => each === record.meta.endReason) ?? 'Unknown';
  return {
    platform: 'messenger',
    call_id: record.callId,
    end_call_reason: reason satisfies EndCallReason,
    end_call_subreason: record.cause,
    call_ended_time: Math.floor(ended / 1_000),
    first_audio_packet_received_time: Math.floor(consumer.firstPacketAtMs / 1_000),
    audio_stats: {
      jitter_sec: consumer.jitterMs / 1_000,
      packets_lost: consumer.lost,
      packets_received: audioPackets(consumer),
      ...(consumer.roundTripMs < 0 ? {} : { round_trip_time_sec: consumer.roundTripMs / 1_000 }),
      jitter_buffer_delay_sec: consumer.jitterBufferDelay,
      concealed_samples: consumer.concealedSamples,
      silent_concealed_samples: consumer.silentConcealedSamples,
      total_samples_duration_sec:
        consumer.totalSamplesReceived > 0
          ? consumer.totalSamplesReceived / OPUS_CLOCK
          : Math.max(0, ended - consumer.firstPacketAtMs) / 1_000,
    },
  };
}

/** RTP packets of the consumer's audio: no video, nothing that is not the consumer's. */
function audioPackets({ received, dropped }: LegStats): number {
  return received - dropped.malformed - dropped.payloadType - dropped.auth - dropped.replay;
}
