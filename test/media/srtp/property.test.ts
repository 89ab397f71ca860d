import { describe, expect, it } from 'vitest';
import { type SrtpKeys, SrtpSession } from '../../../src/media/srtp/session.ts';
import { PlainSrtp } from './plain.ts';

const PROFILES = [
  ['AES_CM_128_HMAC_SHA1_80', 14],
  ['AES_CM_128_HMAC_SHA1_32', 14],
  ['AEAD_AES_128_GCM', 12],
] as const;

/** mulberry32: the same packets in every run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const bytes = (length: number, below: (n: number) => number): Buffer =>
  Buffer.from(Array.from({ length }, () => below(256)));

interface Sent {
  readonly index: number;
  readonly ssrc: number;
  readonly clear: Buffer;
  readonly payloadOffset: number;
}

function rtp(ssrc: number, sequence: number, below: (n: number) => number): Omit<Sent, 'index'> {
  const csrcs = below(8) === 0 ? below(4) : 0;
  const extension = below(4) === 0 ? below(3) : -1;
  const payloadOffset = 12 + csrcs * 4 + (extension < 0 ? 0 : 4 + extension * 4);
  const size = below(40) === 0 ? below(1_200) : 20 + below(60);
  const clear = bytes(payloadOffset + size, below);
  clear[0] = 0x80 | csrcs | (extension < 0 ? 0 : 16);
  clear.writeUInt16BE(sequence, 2);
  clear.writeUInt32BE(ssrc, 8);
  if (extension >= 0) clear.writeUInt16BE(extension, payloadOffset - extension * 4 - 2);
  return { ssrc, clear, payloadOffset };
}

describe.each(PROFILES)('%s beside a plain implementation', (profile, saltBytes) => {
  const setUp = (
    seed: number,
  ): { below: (n: number) => number; session: SrtpSession; out: PlainSrtp; in: PlainSrtp } => {
    const below = random(seed);
    const local = { key: bytes(16, below), salt: bytes(saltBytes, below) };
    const remote = { key: bytes(16, below), salt: bytes(saltBytes, below) };
    const keys: SrtpKeys = { profile, local, remote };
    return {
      below,
      session: new SrtpSession(keys),
      out: new PlainSrtp(profile, local),
      in: new PlainSrtp(profile, remote),
    };
  };

  it.each([1, 2])('protects the same bytes: gaps, wraps, several SSRCs, any length (%i)', (seed) => {
    const { below, session, out } = setUp(seed);
    const room = Buffer.alloc(1_600);
    const streams = [0xdeadbeef, 1, 0x7fff_ffff].map((ssrc) => ({ ssrc, index: below(65_536) }));
    for (let i = 0; i < 1_500; i++) {
      const stream = streams[below(4) % 3]!;
      stream.index += below(20) === 0 ? 1 + below(3_000) : 1;
      const { clear, payloadOffset } = rtp(stream.ssrc, stream.index & 0xffff, below);
      clear.copy(room);
      const length = session.protectRtp(room, clear.length);
      const plain = out.protectRtp(clear, payloadOffset, Math.floor(stream.index / 65_536));
      expect(room.subarray(0, length).equals(plain), `packet ${i}`).toBe(true);
    }
  });

  it.each([4, 5, 6])('reads under loss, reordering, duplicates, forgery and wraps (%i)', (seed) => {
    const { below, session, in: plain } = setUp(seed);
    const streams = [0xcafe0001, 0x00000002, 0xffff_fff3].map((ssrc) => ({
      ssrc,
      // The first packet that is heard tells where the stream begins: RFC 3711 starts every one at counter 0.
      index: 30_000 + below(20_000),
      highest: -1,
      taken: new Set<number>(),
    }));
    const onTheWay: Sent[] = [];
    let used = 0;
    for (let i = 0; i < 2_000; i++) {
      const stream = streams[below(5) % 3]!;
      stream.index += below(300) === 0 ? below(20_000) : 1;
      onTheWay.push({
        index: stream.index,
        ...rtp(stream.ssrc, stream.index & 0xffff, below),
      });
      // Mostly the oldest; sometimes one from anywhere; some are lost.
      while (onTheWay.length > 90) {
        const [next] = onTheWay.splice(below(4) === 0 ? below(onTheWay.length) : 0, 1);
        if (below(12) === 0) continue;
        const copies = below(15) === 0 ? 2 : 1;
        for (let copy = 0; copy < copies; copy++) used += take(next!);
        if (below(25) === 0) onTheWay.push(next!);
      }
    }
    expect(used).toBeGreaterThan(1_200);

    function take({ index, ssrc, clear, payloadOffset }: Sent): number {
      const stream = streams.find((each) => each.ssrc === ssrc)!;
      const roc = Math.floor(index / 65_536);
      const wire = plain.protectRtp(clear, payloadOffset, roc);
      if (below(10) === 0) {
        const forged = Buffer.from(wire);
        const at = payloadOffset + below(wire.length - payloadOffset);
        forged[at] = (forged[at] as number) ^ (1 << below(8));
        expect(session.unprotectRtp(forged, forged.length)).toBe(-1);
      }
      const fresh = !stream.taken.has(index) && index > stream.highest - 64;
      const length = session.unprotectRtp(wire, wire.length);
      if (!fresh) {
        expect(length).toBe(-1);
        // Half a turn behind, its number means one of the next turn.
        expect(session.refusal).toBe(stream.highest - index < 0x8000 ? 'replay' : 'auth');
        return 0;
      }
      expect(wire.subarray(0, Math.max(length, 0)).equals(clear), `index ${index}`).toBe(true);
      stream.taken.add(index);
      stream.highest = Math.max(stream.highest, index);
      return 1;
    }
  });

  it('speaks SRTCP of any length, both ways', () => {
    const { below, session, out, in: plain } = setUp(9);
    for (let i = 0; i < 100; i++) {
      const clear = bytes(8 + 4 * below(60), below);
      const room = Buffer.concat([clear, Buffer.alloc(32)]);
      const length = session.protectRtcp(room, clear.length);
      expect(room.subarray(0, length)).toEqual(out.protectRtcp(clear, i));
      clear.writeUInt32BE(77, 4);
      const wire = plain.protectRtcp(clear, 40 * i);
      const forged = Buffer.from(wire);
      forged[below(wire.length)]! ^= 4;
      expect(session.unprotectRtcp(forged, forged.length)).toBe(-1);
      const again = Buffer.from(wire);
      expect(session.unprotectRtcp(wire, wire.length)).toBe(clear.length);
      expect(wire.subarray(0, clear.length)).toEqual(clear);
      expect(session.unprotectRtcp(again, again.length)).toBe(-1);
      expect(session.refusal).toBe('replay');
    }
  });

  it('never uses a key stream twice: a sequence number that was sent is refused', () => {
    const { below, session } = setUp(10);
    const room = Buffer.alloc(1_600);
    const send = (sequence: number): number => {
      const { clear } = rtp(5, sequence, below);
      clear.copy(room);
      return session.protectRtp(room, clear.length);
    };
    expect(send(10)).toBeGreaterThan(0);
    expect(send(12)).toBeGreaterThan(0);
    expect(send(12)).toBe(-1);
    expect(session.refusal).toBe('replay');
    expect(send(11)).toBeGreaterThan(0);
    expect(send(11)).toBe(-1);
    for (let sequence = 13; sequence < 0x1_000a; sequence += 1_000) send(sequence & 0xffff);
    expect(send(0xfff0)).toBeGreaterThan(0);
    // The same number one turn later is another index.
    expect(send(12)).toBeGreaterThan(0);
  });
});
