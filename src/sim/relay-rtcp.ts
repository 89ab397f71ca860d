import {
  RtcpPacketConverter,
  RtcpReceiverInfo,
  RtcpRrPacket,
  RtcpSenderInfo,
  RtcpSourceDescriptionPacket,
  RtcpSrPacket,
  SourceDescriptionChunk,
  SourceDescriptionItem,
} from 'werift';

/** Seconds between 1900 (NTP) and 1970 (Unix). */
const NTP_OFFSET_S = 2_208_988_800;
const BYE = 203;
const CNAME = 1;
const CLOCK_RATE = 48_000;

/** What the gateway's RTCP told the relay. */
export interface HeardReports {
  readonly senderReports: number;
  readonly receiverReports: number;
  /** What the gateway says it lost of the consumer's voice. */
  readonly remoteLost: number;
  readonly bye: boolean;
}

/** RTCP of the relay for one call, by werift's classes (RFC 3550 section 6). */
export class RelayRtcp {
  readonly #ssrc: number;
  readonly #cname: string;
  #senderReports = 0;
  #receiverReports = 0;
  #remoteLost = 0;
  #bye = false;
  #lastSr = 0;
  #lastSrAtMs = 0;
  #source = 0;
  #base = -1;
  #highest = 0;
  #received = 0;
  #reported = { expected: 0, received: 0 };
  #transit: number | undefined;
  #jitter = 0;

  /** @param ssrc the consumer's @param cname the consumer's, as in the renegotiation offer */
  constructor(ssrc: number, cname: string) {
    this.#ssrc = ssrc;
    this.#cname = cname;
  }

  get heard(): HeardReports {
    return {
      senderReports: this.#senderReports,
      receiverReports: this.#receiverReports,
      remoteLost: this.#remoteLost,
      bye: this.#bye,
    };
  }

  /** One clear RTP packet of the gateway's; `nowMs` is monotonic. */
  rtp({ ssrc, sequenceNumber, timestamp }: RtpNumbers, nowMs: number): void {
    if (this.#base < 0 || ssrc !== this.#source) {
      this.#source = ssrc;
      this.#base = this.#highest = sequenceNumber;
      this.#received = 0;
      this.#reported = { expected: 0, received: 0 };
      this.#transit = undefined;
    }
    const ahead = ((sequenceNumber - this.#highest) << 16) >> 16;
    if (ahead > 0) this.#highest += ahead;
    this.#received += 1;
    // RFC 3550 appendix A.8.
    const transit = (((nowMs * CLOCK_RATE) / 1_000) | 0) - timestamp;
    if (this.#transit !== undefined)
      this.#jitter += (Math.abs((transit - this.#transit) | 0) - this.#jitter) / 16;
    this.#transit = transit;
  }

  /** One clear compound packet of the gateway's; `nowMs` is monotonic. False: it cannot be read. */
  rtcp(packet: Buffer, nowMs: number): boolean {
    let parts: ReturnType<typeof RtcpPacketConverter.deSerialize>;
    try {
      parts = RtcpPacketConverter.deSerialize(packet);
    } catch {
      return false;
    }
    for (let at = 0; at + 4 <= packet.length; at += 4 + packet.readUInt16BE(at + 2) * 4) {
      if (packet[at + 1] === BYE) this.#bye = true;
    }
    for (const part of parts) {
      if (part instanceof RtcpSrPacket) {
        this.#senderReports += 1;
        this.#lastSr = Number((part.senderInfo.ntpTimestamp >> 16n) & 0xffff_ffffn);
        this.#lastSrAtMs = nowMs;
      }
      if (part instanceof RtcpRrPacket) this.#receiverReports += 1;
      if (part instanceof RtcpSrPacket || part instanceof RtcpRrPacket) {
        const ours = part.reports.find(({ ssrc }) => ssrc === this.#ssrc);
        if (ours) this.#remoteLost = ours.packetsLost;
      }
    }
    return true;
  }

  /** Sender report and CNAME; with a report on the gateway's stream once it was heard. Times are both of now. */
  report(sent: SentCounts, wallMs: number, nowMs: number): Buffer {
    const seconds = Math.floor(wallMs / 1_000) + NTP_OFFSET_S;
    const fraction = Math.floor(((wallMs % 1_000) / 1_000) * 2 ** 32);
    const sender = new RtcpSrPacket({
      ssrc: this.#ssrc,
      senderInfo: new RtcpSenderInfo({
        ntpTimestamp: (BigInt(seconds) << 32n) | BigInt(fraction),
        rtpTimestamp: sent.timestamp,
        packetCount: sent.packets,
        octetCount: sent.bytes,
      }),
      reports: this.#base < 0 ? [] : [this.#block(nowMs)],
    });
    const items = [new SourceDescriptionItem({ type: CNAME, text: this.#cname })];
    const names = new RtcpSourceDescriptionPacket({
      chunks: [new SourceDescriptionChunk({ source: this.#ssrc, items })],
    });
    return Buffer.concat([sender.serialize(), names.serialize()]);
  }

  #block(nowMs: number): RtcpReceiverInfo {
    const expected = this.#highest - this.#base + 1;
    const since = expected - this.#reported.expected;
    const lostSince = since - (this.#received - this.#reported.received);
    this.#reported = { expected, received: this.#received };
    return new RtcpReceiverInfo({
      ssrc: this.#source,
      fractionLost: since > 0 ? Math.min(255, Math.max(0, Math.floor((lostSince * 256) / since))) : 0,
      packetsLost: Math.max(0, expected - this.#received),
      highestSequence: this.#highest >>> 0,
      jitter: Math.round(this.#jitter),
      lsr: this.#lastSr,
      dlsr: this.#lastSr === 0 ? 0 : Math.round((nowMs - this.#lastSrAtMs) * 65.536),
    });
  }
}

interface RtpNumbers {
  readonly ssrc: number;
  readonly sequenceNumber: number;
  readonly timestamp: number;
}

/** What the consumer sent so far. */
export interface SentCounts {
  readonly packets: number;
  /** Payload bytes. */
  readonly bytes: number;
  /** RTP timestamp of now. */
  readonly timestamp: number;
}
