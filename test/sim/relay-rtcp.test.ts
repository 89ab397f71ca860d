import { expect, it } from 'vitest';
import {
  RtcpPacketConverter,
  RtcpReceiverInfo,
  RtcpRrPacket,
  RtcpSourceDescriptionPacket,
  RtcpSrPacket,
} from 'werift';
import { RelayRtcp } from '../../src/sim/relay-rtcp.ts';

const CONSUMER = 7;
const GATEWAY = 9;
const sent = { packets: 100, bytes: 5_000, timestamp: 96_000 };

function partsOf(packet: Buffer): { sr: RtcpSrPacket; names: RtcpSourceDescriptionPacket } {
  const [sr, names] = RtcpPacketConverter.deSerialize(packet);
  if (!(sr instanceof RtcpSrPacket) || !(names instanceof RtcpSourceDescriptionPacket))
    throw new Error('not both');
  return { sr, names };
}

/** Packets of 20 ms on time, those in `missing` left out. */
function hear(rtcp: RelayRtcp, from: number, to: number, missing: readonly number[] = []): void {
  for (let n = from; n < to; n++) {
    if (missing.includes(n)) continue;
    rtcp.rtp({ ssrc: GATEWAY, sequenceNumber: n & 0xffff, timestamp: (n * 960) >>> 0 }, n * 20);
  }
}

it('tells what the consumer sent and who it is, before anything was heard', () => {
  const { sr, names } = partsOf(new RelayRtcp(CONSUMER, 'amina').report(sent, 1_000_500, 0));
  expect(sr.ssrc).toBe(CONSUMER);
  expect(sr.senderInfo).toMatchObject({ packetCount: 100, octetCount: 5_000, rtpTimestamp: 96_000 });
  expect(sr.senderInfo.ntpTimestamp >> 32n).toBe(2_208_988_800n + 1_000n);
  expect(sr.senderInfo.ntpTimestamp & 0xffff_ffffn).toBe(0x8000_0000n);
  expect(sr.reports).toEqual([]);
  expect(names.chunks[0]?.items[0]?.text).toBe('amina');
});

it('reports losses of the gateway across the wrap, since the last report and in all', () => {
  const rtcp = new RelayRtcp(CONSUMER, 'amina');
  hear(rtcp, 65_500, 65_550, [65_510, 65_540]);
  const [first] = partsOf(rtcp.report(sent, 0, 0)).sr.reports;
  expect(first).toMatchObject({
    ssrc: GATEWAY,
    packetsLost: 2,
    fractionLost: Math.floor((2 * 256) / 50),
    jitter: 0,
  });
  expect(first?.highestSequence).toBe(65_549);
  hear(rtcp, 65_550, 65_600);
  expect(partsOf(rtcp.report(sent, 0, 0)).sr.reports[0]).toMatchObject({ packetsLost: 2, fractionLost: 0 });
});

it('tells jitter as RFC 3550 A.8 has it', () => {
  const rtcp = new RelayRtcp(CONSUMER, 'amina');
  rtcp.rtp({ ssrc: GATEWAY, sequenceNumber: 1, timestamp: 0 }, 0);
  rtcp.rtp({ ssrc: GATEWAY, sequenceNumber: 2, timestamp: 960 }, 30);
  // 10 ms late is 480 ticks, of which a sixteenth counts.
  expect(partsOf(rtcp.report(sent, 0, 0)).sr.reports[0]?.jitter).toBe(30);
});

it('begins anew with another source', () => {
  const rtcp = new RelayRtcp(CONSUMER, 'amina');
  hear(rtcp, 0, 10, [5]);
  rtcp.rtp({ ssrc: 11, sequenceNumber: 500, timestamp: 0 }, 0);
  expect(partsOf(rtcp.report(sent, 0, 0)).sr.reports[0]).toMatchObject({ ssrc: 11, packetsLost: 0 });
});

it('hears the gateway: reports, its losses, BYE, and echoes its sender report', () => {
  const rtcp = new RelayRtcp(CONSUMER, 'amina');
  const gateway = new RelayRtcp(GATEWAY, 'gateway');
  hear(rtcp, 0, 10);
  rtcp.rtcp(gateway.report(sent, 4_000, 0), 1_000);
  const info = { fractionLost: 0, packetsLost: 6, highestSequence: 1, jitter: 0, lsr: 0, dlsr: 0 };
  const reports = [new RtcpReceiverInfo({ ssrc: CONSUMER, ...info })];
  rtcp.rtcp(new RtcpRrPacket({ ssrc: GATEWAY, reports }).serialize(), 1_100);
  rtcp.rtcp(Buffer.from('81cb000100000009', 'hex'), 1_200);
  expect(rtcp.heard).toEqual({ senderReports: 1, receiverReports: 1, remoteLost: 6, bye: true });
  const [block] = partsOf(rtcp.report(sent, 0, 1_500)).sr.reports;
  expect(block?.lsr).toBe((((2_208_988_800 + 4) & 0xffff) << 16) >>> 0);
  expect(block?.dlsr).toBe(Math.round(500 * 65.536));
});

it.each(['', '81', '81c8ffff', '80c80006', 'ffffffff00000000'])(
  'survives %j, and learns nothing of it',
  (hex) => {
    const rtcp = new RelayRtcp(CONSUMER, 'amina');
    rtcp.rtcp(Buffer.from(hex, 'hex'), 0);
    expect(rtcp.heard).toEqual({ senderReports: 0, receiverReports: 0, remoteLost: 0, bye: false });
  },
);

it('says what it cannot read', () => {
  expect(new RelayRtcp(CONSUMER, 'amina').rtcp(Buffer.of(0x81), 0)).toBe(false);
});
