import type { Reception } from '../rtp/reception.ts';
import type { RtcpState } from '../rtp/rtcp.ts';
import { DROP_REASONS, type DropReason, type LegStats } from './types.ts';

/** The truth about one leg, from which statistics, records and metrics are derived. */
export class Counters {
  received = 0;
  used = 0;
  sent = 0;
  bytesReceived = 0;
  bytesSent = 0;
  concealedSamples = 0;
  recoveredByFec = 0;
  firstPacketAtMs = 0;
  readonly dropped = Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<
    DropReason,
    number
  >;

  drop(reason: DropReason): void {
    this.dropped[reason] += 1;
  }

  /** @param clockRate RTP clock of the leg, Hz */
  stats(reception: Reception, rtcp: RtcpState, clockRate: number): LegStats {
    return {
      received: this.received,
      used: this.used,
      dropped: { ...this.dropped },
      sent: this.sent,
      bytesReceived: this.bytesReceived,
      bytesSent: this.bytesSent,
      lost: reception.lost,
      jitterMs: Math.round((reception.jitter * 10_000) / clockRate) / 10,
      concealedSamples: this.concealedSamples,
      recoveredByFec: this.recoveredByFec,
      roundTripMs: Math.round(rtcp.roundTripMs * 10) / 10,
      remoteLost: rtcp.remoteLost,
      firstPacketAtMs: this.firstPacketAtMs,
    };
  }
}
