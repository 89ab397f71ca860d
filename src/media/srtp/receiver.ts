import { read16, read32 } from '../rtp/header.ts';
import { ReplayWindow } from './replay.ts';
import { payloadOffsetOf, Stream, ssrcOf, transformOf } from './stream.ts';
import type { SrtpTransform } from './transform.ts';
import type { SrtpMasterKey, SrtpProfile, SrtpRefusal } from './types.ts';

/** A peer that invents SSRCs may not make us keep a state for each. */
const MAX_SSRCS = 16;

/** What was protected with one master key of the peer's. */
export class SrtpReceiver {
  readonly #transform: SrtpTransform;
  readonly #streams = new Map<number, Stream>();
  readonly #rtcpWindows = new Map<number, ReplayWindow>();
  /** The last one that was used: nearly always the next one too. */
  #last: Stream | undefined;
  /** For an unknown SSRC, until a packet of it is authentic. */
  #spare: Stream | undefined;
  /** Why the last packet was refused. */
  refusal: SrtpRefusal = 'malformed';

  constructor(profile: SrtpProfile, master: SrtpMasterKey) {
    this.#transform = transformOf(profile, master);
  }

  /** Returns the length of the clear packet, or -1 and sets `refusal`. */
  unprotectRtp(packet: Uint8Array, length: number): number {
    const payloadOffset = payloadOffsetOf(packet, length);
    if (payloadOffset < 0) return this.#refuse('malformed');
    const sequence = read16(packet, 2);
    const stream = this.#streamOf(ssrcOf(packet));
    const { window } = stream;
    const roc = window.guess(sequence);
    if (!window.isNew(roc, sequence)) return this.#refuse('replay');
    const clear = this.#transform.unprotectRtp(packet, length, payloadOffset, stream.keys, roc, sequence);
    if (clear < 0) return this.#refuse('auth');
    window.accept(roc, sequence);
    if (stream !== this.#last) this.#used(stream);
    return clear;
  }

  /** Returns the length of the clear packet, or -1 and sets `refusal`. */
  unprotectRtcp(packet: Uint8Array, length: number): number {
    const end = length - this.#transform.rtcpTrailerBytes;
    if (end < 8) return this.#refuse('malformed');
    const index = read32(packet, end + this.#transform.rtcpIndexAt) & 0x7fff_ffff;
    const ssrc = ssrcOfRtcp(packet);
    const known = this.#rtcpWindows.get(ssrc);
    const window = known ?? new ReplayWindow();
    if (!window.isNew(index >>> 16, index & 0xffff)) return this.#refuse('replay');
    const clear = this.#transform.unprotectRtcp(packet, length);
    if (clear < 0) return this.#refuse('auth');
    if (!known) remember(this.#rtcpWindows, ssrc, window);
    window.accept(index >>> 16, index & 0xffff);
    return clear;
  }

  #streamOf(ssrc: number): Stream {
    if (this.#last?.ssrc === ssrc) return this.#last;
    const known = this.#streams.get(ssrc);
    if (known) return known;
    if (this.#spare?.ssrc !== ssrc) this.#spare = new Stream(this.#transform, ssrc);
    return this.#spare;
  }

  /** Only streams that have sent something authentic. One that comes back is the youngest: its roll-over counter stays. */
  #used(stream: Stream): void {
    if (stream === this.#spare) this.#spare = undefined;
    this.#streams.delete(stream.ssrc);
    remember(this.#streams, stream.ssrc, stream);
    this.#last = stream;
  }

  #refuse(refusal: SrtpRefusal): -1 {
    this.refusal = refusal;
    return -1;
  }
}

function remember<T>(kept: Map<number, T>, ssrc: number, value: T): void {
  if (kept.size >= MAX_SSRCS) {
    const [oldest] = kept.keys();
    if (oldest !== undefined) kept.delete(oldest);
  }
  kept.set(ssrc, value);
}

function ssrcOfRtcp(packet: Uint8Array): number {
  return read32(packet, 4) | 0;
}
