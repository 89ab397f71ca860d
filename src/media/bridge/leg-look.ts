import type { LegLook } from '../one-way/look.ts';
import type { LegState } from './leg-state.ts';

/** Frames that are measured between two looks. */
const PROBES = 5;

/** What the judge of one-way audio is shown of a leg; asks for the next frames to be measured. */
export function legLook(
  { counters, reception, rtcp }: LegState,
  facts: Pick<LegLook, 'unsent' | 'astray' | 'agreedTypes' | 'refusedFamily'>,
): LegLook {
  const { loudest } = counters;
  counters.probes = PROBES;
  counters.loudest = -1;
  return {
    received: counters.received,
    dropped: counters.dropped,
    lost: reception.lost,
    sent: counters.sent,
    reports: rtcp.reports,
    blocks: rtcp.blocks,
    fractionLost: rtcp.remoteFractionLost / 256,
    highestReported: rtcp.remoteHighest,
    bye: rtcp.bye,
    refusedType: counters.refusedType,
    levelDb: loudest < 0 ? undefined : 20 * Math.log10(Math.max(loudest, 0.1) / 32_768),
    ...facts,
  };
}
