import { rms } from '../stats/level.ts';
import { DROP_REASONS, type DropReason } from './types.ts';

/** The truth about one leg, from which statistics, records and metrics are derived. */
export class Counters {
  received = 0;
  used = 0;
  sent = 0;
  bytesReceived = 0;
  bytesSent = 0;
  /** Ticks of the leg's RTP clock. */
  totalSamples = 0;
  concealedSamples = 0;
  silentConcealedSamples = 0;
  concealmentEvents = 0;
  /** Of these, such that somebody could hear. */
  audibleEvents = 0;
  recoveredByFec = 0;
  fecPackets = 0;
  firstPacketAtMs = 0;
  keys = 0;
  keysMerged = 0;
  /** ms of the last packet. */
  packetMs = 0;
  /** Payload type that was refused last; -1 before the first. */
  refusedType = -1;
  /** Frames that are to be measured yet. */
  probes = 0;
  /** Greatest root mean square of those measured, 0 to 32768; -1: none was. */
  loudest = -1;
  #concealing = false;
  #audible = false;
  readonly dropped = Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<
    DropReason,
    number
  >;

  drop(reason: DropReason): void {
    this.dropped[reason] += 1;
  }

  /** Measures the first `samples` samples, one of the few frames a second for which that was asked. */
  measure(pcm: Int16Array, samples: number): void {
    this.probes -= 1;
    if (samples > 0) this.loudest = Math.max(this.loudest, rms(pcm, samples));
  }

  /** @param ticks of audio that was received, or recovered by FEC */
  played(ticks: number): void {
    this.totalSamples += ticks;
    this.#concealing = false;
    this.#audible = false;
  }

  /** @param ticks of audio that was made up @param silent it is silence or comfort noise */
  concealed(ticks: number, silent: boolean): void {
    this.totalSamples += ticks;
    this.concealedSamples += ticks;
    if (!this.#concealing) this.concealmentEvents += 1;
    this.#concealing = true;
    if (silent) this.silentConcealedSamples += ticks;
    else if (!this.#audible) {
      this.#audible = true;
      this.audibleEvents += 1;
    }
  }
}
