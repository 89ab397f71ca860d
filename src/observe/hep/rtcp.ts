import type { LegQuality, LegReport } from '../../shared/leg-quality.ts';

const NTP_OFFSET_S = 2_208_988_800;

/** What RFC 3550 6.4 puts into 24 and 8 bits. */
const MAX_LOST = 0x7fffff;

/**
 * A report on one leg as capture agents of Homer write RTCP (HEP payload type 5): a sender report about what we sent
 * there, with one block about what we received. `fraction_lost` is in 256ths, jitter in RTP ticks.
 */
export function rtcpJson({ report, lost, received }: LegQuality, atMs: number): string {
  const { ssrc, packets, octets } = report;
  const seconds = Math.floor(atMs / 1_000);
  return JSON.stringify({
    sender_information: {
      ntp_timestamp_sec: seconds + NTP_OFFSET_S,
      ntp_timestamp_usec: Math.floor(((atMs / 1_000) % 1) * 2 ** 32),
      octets,
      rtp_timestamp: 0,
      packets,
    },
    ssrc,
    type: 200,
    report_count: report.source === 0 ? 0 : 1,
    report_blocks: report.source === 0 ? [] : [blockOf(report, lost, received)],
    sdes_ssrc: ssrc,
  });
}

function blockOf({ source, highest, lost, jitter }: LegReport, lostNow: number, received: number): object {
  const expected = Math.max(0, lostNow) + received;
  return {
    source_ssrc: source,
    highest_seq_no: highest,
    fraction_lost: expected === 0 ? 0 : Math.floor((Math.max(0, lostNow) * 256) / expected),
    ia_jitter: Math.round(jitter),
    packets_lost: Math.min(lost, MAX_LOST),
    lsr: 0,
    dlsr: 0,
  };
}
