import type { LegQuality } from '../../shared/leg-quality.ts';
import type { LegState } from './leg-state.ts';
import type { LegStats } from './types.ts';

/** Makes samples of what a leg counts anyway; costs nothing between two of them. */
export class QualityMeter {
  #received = 0;
  #sent = 0;
  #lost = 0;
  #dropped = 0;
  #delayS = 0;
  #emitted = 0;

  take(stats: LegStats, { reception, outlet, rtcp }: LegState): LegQuality {
    const dropped = Object.values(stats.dropped).reduce((sum, count) => sum + count, 0);
    const emitted = stats.jitterBufferEmittedCount - this.#emitted;
    const delayS = stats.jitterBufferDelay - this.#delayS;
    const sample: LegQuality = {
      received: stats.received - this.#received,
      sent: stats.sent - this.#sent,
      lost: stats.lost - this.#lost,
      dropped: dropped - this.#dropped,
      jitterMs: stats.jitterMs,
      ...(stats.roundTripMs < 0 ? {} : { roundTripMs: stats.roundTripMs }),
      ...(rtcp.blocks === 0
        ? {}
        : { remoteLoss: stats.remoteFractionLost, remoteJitterMs: stats.remoteJitterMs }),
      ...(stats.mos === undefined ? {} : { mos: stats.mos }),
      ...(delayS > 0 && emitted > 0 ? { bufferMs: Math.round((delayS / emitted) * 10_000) / 10 } : {}),
      report: {
        ssrc: outlet.ssrc,
        source: reception.received > 0 ? reception.ssrc : 0,
        packets: outlet.packets,
        octets: outlet.payloadBytes,
        lost: stats.lost,
        highest: reception.extendedHighest,
        jitter: Math.round(reception.jitter),
      },
    };
    this.#received = stats.received;
    this.#sent = stats.sent;
    this.#lost = stats.lost;
    this.#dropped = dropped;
    this.#delayS = stats.jitterBufferDelay;
    this.#emitted = stats.jitterBufferEmittedCount;
    return sample;
  }
}
