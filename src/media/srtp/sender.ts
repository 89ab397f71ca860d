import { read16 } from '../rtp/header.ts';
import { payloadOffsetOf, Stream, ssrcOf, transformOf } from './stream.ts';
import type { SrtpTransform } from './transform.ts';
import type { SrtpMasterKey, SrtpProfile, SrtpRefusal } from './types.ts';

const LAST_RTCP_INDEX = 0x7fff_ffff;

/** What we protect with one master key. */
export class SrtpSender {
  readonly #transform: SrtpTransform;
  readonly #streams = new Map<number, Stream>();
  /** The last one that was used: nearly always the next one too. */
  #last: Stream | undefined;
  #rtcpIndex = 0;
  /** Why the last packet was refused. */
  refusal: SrtpRefusal = 'malformed';

  constructor(profile: SrtpProfile, master: SrtpMasterKey) {
    this.#transform = transformOf(profile, master);
  }

  /**
   * Returns the length with the tag, or -1 and sets `refusal`: no RTP (`malformed`), or a sequence number that was
   * sent before (`replay`: a key stream must never be used twice, RFC 3711 section 9.1).
   */
  protectRtp(packet: Uint8Array, length: number): number {
    const payloadOffset = payloadOffsetOf(packet, length);
    if (payloadOffset < 0) return this.#refuse('malformed');
    const sequence = read16(packet, 2);
    const stream = this.#streamOf(ssrcOf(packet));
    const { window } = stream;
    const roc = window.guess(sequence);
    if (!window.isNew(roc, sequence)) return this.#refuse('replay');
    window.accept(roc, sequence);
    return this.#transform.protectRtp(packet, length, payloadOffset, stream.keys, roc, sequence);
  }

  /** Returns the length with index and tag, or -1 when there is no SSRC or the indexes of the key are used up. */
  protectRtcp(packet: Uint8Array, length: number): number {
    const index = this.#rtcpIndex;
    if (length < 8 || index > LAST_RTCP_INDEX) return this.#refuse('malformed');
    this.#rtcpIndex = index + 1;
    return this.#transform.protectRtcp(packet, length, index);
  }

  #streamOf(ssrc: number): Stream {
    if (this.#last?.ssrc === ssrc) return this.#last;
    let stream = this.#streams.get(ssrc);
    if (!stream) {
      // Ours are few, and forgetting the roll-over counter of one would use its key stream twice.
      stream = new Stream(this.#transform, ssrc);
      this.#streams.set(ssrc, stream);
    }
    this.#last = stream;
    return stream;
  }

  #refuse(refusal: SrtpRefusal): -1 {
    this.refusal = refusal;
    return -1;
  }
}
