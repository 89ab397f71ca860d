import { describe, expect, it, onTestFinished } from 'vitest';
import { writeOneByteExtension, writeRtpHeader } from '../../../src/media/rtp/header.ts';
import { SrtpSession } from '../../../src/media/srtp/session.ts';
import { hasPeers } from '../../support/peer.ts';
import { Libsrtp } from './libsrtp.ts';

const bytes = (length: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * 31 + seed * 17) & 255));

function packetOf(ssrc: number, sequence: number, payload: Buffer): Buffer {
  const packet = Buffer.alloc(1_500);
  let at = writeRtpHeader(packet, false, 111, sequence, 960 * sequence, ssrc);
  if (sequence % 3 === 0) at = writeOneByteExtension(packet, 4, bytes(1 + (sequence % 5), 1));
  payload.copy(packet, at);
  return packet.subarray(0, at + payload.length);
}

const report = (i: number): Buffer => {
  const packet = Buffer.concat([Buffer.from('80c80006', 'hex'), bytes(24, 5)]);
  packet.writeUInt32BE(i % 3, 8);
  return packet;
};

describe.runIf(hasPeers('gcc', 'srtp2/srtp.h')).each([
  ['AES_CM_128_HMAC_SHA1_80', 14],
  ['AES_CM_128_HMAC_SHA1_32', 14],
  ['AEAD_AES_128_GCM', 12],
] as const)('libsrtp2, %s', (profile, saltBytes) => {
  const a = { key: bytes(16, 1), salt: bytes(saltBytes, 2) };
  const b = { key: bytes(16, 3), salt: bytes(saltBytes, 4) };
  const start = async (): Promise<{ ours: SrtpSession; theirs: Libsrtp }> => {
    const theirs = await Libsrtp.start(profile, b, a);
    onTestFinished(() => theirs.close());
    return { ours: new SrtpSession({ profile, local: a, remote: b }), theirs };
  };

  it('reads what we protect: two SSRCs, over a wrap, with extensions', async () => {
    const { ours, theirs } = await start();
    for (let i = 0; i < 300; i++) {
      const clear = packetOf(i % 2 ? 0xdecafbad : 3, (65_400 + (i >> 1)) & 0xffff, bytes(i % 170, i));
      const room = Buffer.concat([clear, Buffer.alloc(32)]);
      const length = ours.protectRtp(room, clear.length);
      expect(await theirs.unprotectRtp(room.subarray(0, length))).toEqual(clear);
    }
  });

  it('is read by us: two SSRCs, over a wrap, late ones too, nothing twice', async () => {
    const { ours, theirs } = await start();
    const sent: { clear: Buffer; wire: Buffer }[] = [];
    for (let i = 0; i < 300; i++) {
      const clear = packetOf(i % 2 ? 0xdecafbad : 3, (65_400 + (i >> 1)) & 0xffff, bytes(i % 170, i));
      const wire = await theirs.protectRtp(clear);
      if (!wire) throw new Error('libsrtp2 refused');
      sent.push({ clear, wire });
    }
    // The packets of 50 are turned round, but for the first: a stream begins with the first that is heard.
    const order = sent.map((_, i) => (i < 50 ? i : i - (i % 50) + 49 - (i % 50)));
    for (const i of order) {
      const { clear, wire } = sent[i]!;
      const again = Buffer.from(wire);
      expect(ours.unprotectRtp(wire, wire.length), `packet ${i}: ${ours.refusal}`).toBe(clear.length);
      expect(wire.subarray(0, clear.length)).toEqual(clear);
      expect(ours.unprotectRtp(again, again.length)).toBe(-1);
      expect(ours.refusal).toBe('replay');
    }
  });

  it('speaks SRTCP with us', async () => {
    const { ours, theirs } = await start();
    for (let i = 0; i < 20; i++) {
      const clear = report(i);
      const room = Buffer.concat([clear, Buffer.alloc(32)]);
      const length = ours.protectRtcp(room, clear.length);
      expect(await theirs.unprotectRtcp(room.subarray(0, length))).toEqual(clear);
      const wire = await theirs.protectRtcp(clear);
      if (!wire) throw new Error('libsrtp2 refused');
      expect(ours.unprotectRtcp(wire, wire.length)).toBe(clear.length);
      expect(wire.subarray(0, clear.length)).toEqual(clear);
    }
  });

  it('is not fooled, nor are we', async () => {
    const { ours, theirs } = await start();
    const room = Buffer.concat([packetOf(7, 1, bytes(40, 1)), Buffer.alloc(32)]);
    const length = ours.protectRtp(room, 52);
    room[30] = (room[30] as number) ^ 1;
    expect(await theirs.unprotectRtp(room.subarray(0, length))).toBeUndefined();
    const wire = await theirs.protectRtp(packetOf(7, 1, bytes(40, 1)));
    if (!wire) throw new Error('libsrtp2 refused');
    wire[wire.length - 1] = (wire.at(-1) as number) ^ 1;
    expect(ours.unprotectRtp(wire, wire.length)).toBe(-1);
    expect(ours.refusal).toBe('auth');
  });
});
