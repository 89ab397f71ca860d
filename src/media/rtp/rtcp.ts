import { read16, read32, write16, write32 } from './header.ts';
import type { Reception } from './reception.ts';

export const RTCP_SR = 200;
export const RTCP_RR = 201;
export const RTCP_BYE = 203;

/** Seconds between 1900 (NTP) and 1970 (Unix). */
const NTP_OFFSET_S = 2_208_988_800;

/** What we sent, for a sender report. */
export interface SenderCounts {
  readonly ssrc: number;
  packets: number;
  /** Payload bytes. */
  bytes: number;
  /** RTP timestamp that belongs to `now`. */
  timestamp: number;
}

/** A round trip longer than this is a broken clock or a forged report, ms. */
const MAX_ROUND_TRIP_MS = 30_000;
/** Types of RTCP (RFC 5761 section 4). */
const MIN_TYPE = 192;
const MAX_TYPE = 223;

/** What RTCP of the other side told; one object is kept for each leg. */
export class RtcpState {
  /** Middle 32 bits of the NTP time of its last sender report, 0 before the first. */
  lastSr = 0;
  /** Milliseconds (monotonic) when that came. */
  lastSrAtMs = 0;
  /** Last round trip in ms, -1 before the first (RFC 3550 section 6.4.1). */
  roundTripMs = -1;
  /** Sum and number of all round trips measured. */
  roundTripSumMs = 0;
  roundTrips = 0;
  /** Report blocks about our stream. */
  blocks = 0;
  /** What it says it lost of ours. */
  remoteLost = 0;
  /** Of the last interval, in 256ths. */
  remoteFractionLost = 0;
  /** Highest sequence number of ours that it received, with the wraps that it saw. */
  remoteHighest = 0;
  /** Interarrival jitter it saw, in RTP ticks. */
  remoteJitter = 0;
  bye = false;
  reports = 0;
  malformed = 0;

  /**
   * Reads what one datagram holds: a compound packet, or a reduced-size one (RFC 5506). False when it is malformed;
   * nothing of it counts then. Types that are not for us (XR, feedback, APP, SDES) are stepped over.
   * @param theirSsrc whose reports count; undefined while we heard nobody, when any does
   */
  read(
    packet: Uint8Array,
    length: number,
    ourSsrc: number,
    theirSsrc: number | undefined,
    wallMs: number,
    monotonicMs: number,
  ): boolean {
    if (!wellFormed(packet, length)) {
      this.malformed += 1;
      return false;
    }
    for (let at = 0; at < length; ) {
      const type = packet[at + 1] as number;
      const end = at + 4 + read16(packet, at + 2) * 4;
      const count = (packet[at] as number) & 31;
      if (type === RTCP_SR || type === RTCP_RR) {
        this.reports += 1;
        // A sender report of another source, such as video, has another clock.
        if (type === RTCP_SR && (theirSsrc === undefined || read32(packet, at + 4) === theirSsrc)) {
          this.lastSr = read32(packet, at + 10);
          this.lastSrAtMs = monotonicMs;
        }
        let block = at + (type === RTCP_SR ? 28 : 8);
        for (let i = 0; i < count; i++, block += 24) {
          if (read32(packet, block) === ourSsrc) this.#block(packet, block, wallMs);
        }
      } else if (type === RTCP_BYE) {
        for (let i = 0; i < count; i++) {
          if (theirSsrc === undefined || read32(packet, at + 4 + i * 4) === theirSsrc) this.bye = true;
        }
      }
      at = end;
    }
    return true;
  }

  #block(packet: Uint8Array, at: number, wallMs: number): void {
    this.blocks += 1;
    this.remoteFractionLost = packet[at + 4] as number;
    this.remoteLost = ((read32(packet, at + 4) & 0xffffff) << 8) >> 8;
    this.remoteHighest = read32(packet, at + 8);
    this.remoteJitter = read32(packet, at + 12);
    const lsr = read32(packet, at + 16);
    const dlsr = read32(packet, at + 20);
    if (lsr === 0) return;
    const elapsedMs = (((middleNtp(wallMs) - lsr - dlsr) | 0) * 1000) / 65_536;
    // The far side rounds its delay: a round trip of nothing may come out below zero.
    if (elapsedMs < -1 || elapsedMs > MAX_ROUND_TRIP_MS) return;
    this.roundTripMs = Math.max(0, elapsedMs);
    this.roundTripSumMs += this.roundTripMs;
    this.roundTrips += 1;
  }
}

/** Whether headers and lengths add up (RFC 3550 appendix A.2), and each report holds the blocks it announces. */
function wellFormed(packet: Uint8Array, length: number): boolean {
  if (length < 4) return false;
  let at = 0;
  while (at < length) {
    if (at + 4 > length || (packet[at] as number) >> 6 !== 2) return false;
    const type = packet[at + 1] as number;
    if (type < MIN_TYPE || type > MAX_TYPE) return false;
    const end = at + 4 + read16(packet, at + 2) * 4;
    if (end > length) return false;
    const count = (packet[at] as number) & 31;
    if (type === RTCP_SR && end - at < 28 + count * 24) return false;
    if (type === RTCP_RR && end - at < 8 + count * 24) return false;
    if (type === RTCP_BYE && end - at < 4 + count * 4) return false;
    at = end;
  }
  return true;
}

/**
 * A compound packet: SR (RR before we ever sent) with one report block when something was received, and SDES
 * with our CNAME. Returns its length in bytes; `out` needs 128.
 */
export function writeReport(
  out: Uint8Array,
  sent: SenderCounts,
  reception: Reception | undefined,
  state: RtcpState,
  cname: Uint8Array,
  wallMs: number,
  monotonicMs: number,
): number {
  const blocks = reception && reception.received > 0 ? 1 : 0;
  const isSender = sent.packets > 0;
  let at = 8;
  out[0] = 0x80 | blocks;
  out[1] = isSender ? RTCP_SR : RTCP_RR;
  write32(out, 4, sent.ssrc);
  if (isSender) {
    const seconds = Math.floor(wallMs / 1000);
    write32(out, 8, (seconds + NTP_OFFSET_S) >>> 0);
    write32(out, 12, Math.floor(((wallMs / 1000) % 1) * 2 ** 32) >>> 0);
    write32(out, 16, sent.timestamp >>> 0);
    write32(out, 20, sent.packets >>> 0);
    write32(out, 24, sent.bytes >>> 0);
    at = 28;
  }
  if (reception && blocks) {
    write32(out, at, reception.ssrc);
    const lost = Math.min(reception.lost, 0x7fffff);
    write32(out, at + 4, ((reception.fractionLost() << 24) | lost) >>> 0);
    write32(out, at + 8, reception.extendedHighest >>> 0);
    write32(out, at + 12, Math.round(reception.jitter) >>> 0);
    write32(out, at + 16, state.lastSr);
    const delay =
      state.lastSr === 0 ? 0 : Math.max(0, Math.round(((monotonicMs - state.lastSrAtMs) * 65_536) / 1000));
    write32(out, at + 20, delay >>> 0);
    at += 24;
  }
  write16(out, 2, at / 4 - 1);
  return writeSdes(out, at, sent.ssrc, cname);
}

function writeSdes(out: Uint8Array, at: number, ssrc: number, cname: Uint8Array): number {
  out[at] = 0x81;
  out[at + 1] = 202;
  write32(out, at + 4, ssrc);
  out[at + 8] = 1;
  out[at + 9] = cname.length;
  out.set(cname, at + 10);
  // The list of items ends with at least one null octet, padded to a word.
  const end = (at + 10 + cname.length + 4) & ~3;
  out.fill(0, at + 10 + cname.length, end);
  write16(out, at + 2, (end - at) / 4 - 1);
  return end;
}

function middleNtp(wallMs: number): number {
  const seconds = Math.floor(wallMs / 1000);
  const fraction = Math.floor(((wallMs / 1000) % 1) * 65_536);
  return (((seconds + NTP_OFFSET_S) & 0xffff) * 65_536 + fraction) >>> 0;
}
