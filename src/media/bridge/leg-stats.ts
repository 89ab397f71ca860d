import type { JitterBuffer } from '../jitter/jitter-buffer.ts';
import { eModel } from '../stats/e-model.ts';
import type { Counters } from './counters.ts';
import type { LegState } from './leg-state.ts';
import type { LegStats } from './types.ts';

export interface StreamFacts {
  /** Name of the codec received. */
  readonly codec: string;
  /** RTP clock, Hz, of what is received and of what is sent. */
  readonly clockRate: number;
  /** undefined: packet-driven. */
  readonly buffer: JitterBuffer | undefined;
  /** Datagrams dropped unread. */
  readonly strangers: number;
}

/** What one leg counted, in the words of its statistics. */
export function legStats({ counters, reception, rtcp }: LegState, facts: StreamFacts): LegStats {
  const { clockRate, buffer } = facts;
  const ms = (ticks: number): number => tenth((ticks * 1000) / clockRate);
  const { totalSamples, concealedSamples } = counters;
  const quality = qualityOf(counters, reception.lost, rtcp, facts);
  return {
    received: counters.received,
    used: counters.used,
    waiting: buffer?.waiting ?? 0,
    dropped: { ...counters.dropped },
    strangers: facts.strangers,
    sent: counters.sent,
    bytesReceived: counters.bytesReceived,
    bytesSent: counters.bytesSent,
    lost: reception.lost,
    jitterMs: ms(reception.jitter),
    recoveredByFec: counters.recoveredByFec,
    roundTripMs: tenth(rtcp.roundTripMs),
    totalRoundTripTime: rtcp.roundTripSumMs / 1000,
    roundTripTimeMeasurements: rtcp.roundTrips,
    remoteLost: rtcp.remoteLost,
    remoteFractionLost: rtcp.remoteFractionLost / 256,
    remoteJitterMs: ms(rtcp.remoteJitter),
    rtcpMalformed: rtcp.malformed,
    firstPacketAtMs: counters.firstPacketAtMs,
    keys: counters.keys,
    keysMerged: counters.keysMerged,
    totalSamplesReceived: totalSamples,
    concealedSamples,
    silentConcealedSamples: counters.silentConcealedSamples,
    concealmentEvents: counters.concealmentEvents,
    insertedSamplesForDeceleration: buffer?.insertedTicks ?? 0,
    removedSamplesForAcceleration: buffer?.removedTicks ?? 0,
    jitterBufferDelay: (buffer?.delaySum ?? 0) / 1000,
    jitterBufferTargetDelay: (buffer?.targetSum ?? 0) / 1000,
    jitterBufferEmittedCount: buffer?.emittedTicks ?? totalSamples - concealedSamples,
    packetsDiscarded: counters.dropped.late + counters.dropped.overflow,
    fecPacketsReceived: counters.fecPackets,
    ...quality,
  };
}

/** Rating and MOS by what could be heard to be missing, and by the delay of this leg as far as it is known. */
function qualityOf(
  counters: Counters,
  lost: number,
  rtcp: LegState['rtcp'],
  { codec, clockRate, buffer }: StreamFacts,
): { readonly rFactor?: number; readonly mos?: number } {
  if (counters.used === 0) return {};
  const { totalSamples, audibleEvents, packetMs } = counters;
  const missing = counters.concealedSamples - counters.silentConcealedSamples;
  // Where nothing is decoded the packets tell.
  const share = totalSamples > 0 ? missing / totalSamples : lost / (counters.used + lost);
  const packet = packetMs * (clockRate / 1000);
  const meanBurst = audibleEvents > 0 && packet > 0 ? missing / audibleEvents / packet : 1;
  const roundTrip = rtcp.roundTrips > 0 ? rtcp.roundTripSumMs / rtcp.roundTrips : 0;
  const waited = buffer && buffer.emittedTicks > 0 ? buffer.delaySum / buffer.emittedTicks : 0;
  const { rating, mos } = eModel(codec, share, meanBurst * (1 - share), roundTrip / 2 + waited + packetMs);
  return { rFactor: tenth(rating), mos: Math.round(mos * 100) / 100 };
}

const tenth = (value: number): number => Math.round(value * 10) / 10;
