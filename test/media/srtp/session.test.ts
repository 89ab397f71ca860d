import { describe, expect, it } from 'vitest';
import {
  RtcpSenderInfo,
  RtcpSrPacket,
  RtpHeader,
  SrtcpSession,
  SrtpSession as WeriftSrtpSession,
} from 'werift';
import { writeRtpHeader } from '../../../src/media/rtp/header.ts';
import { type SrtpKeys, SrtpSession } from '../../../src/media/srtp/session.ts';

const bytes = (length: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * 31 + seed * 17) & 255));

describe.each([
  ['AES_CM_128_HMAC_SHA1_80', 1, 14, 10],
  ['AEAD_AES_128_GCM', 7, 12, 16],
] as const)('%s', (profile, number, saltBytes, tagBytes) => {
  const a = { key: bytes(16, 1), salt: bytes(saltBytes, 2) };
  const b = { key: bytes(16, 3), salt: bytes(saltBytes, 4) };
  const ours: SrtpKeys = { profile, local: a, remote: b };
  const theirs = {
    profile: number,
    keys: {
      localMasterKey: b.key,
      localMasterSalt: b.salt,
      remoteMasterKey: a.key,
      remoteMasterSalt: a.salt,
    },
  } as ConstructorParameters<typeof WeriftSrtpSession>[0];
  const packetOf = (sequence: number, payload: Buffer): { packet: Buffer; length: number } => {
    const packet = Buffer.alloc(1_500);
    const at = writeRtpHeader(packet, false, 111, sequence, 960 * sequence, 0xdecafbad);
    payload.copy(packet, at);
    return { packet, length: at + payload.length };
  };

  it('keeps the roll-over counter of a source that others come and go beside', () => {
    const [sender, receiver] = [new SrtpSession(ours), new SrtpSession({ profile, local: b, remote: a })];
    const hears = (ssrc: number, sequence: number): boolean => {
      const packet = Buffer.alloc(1_500);
      const at = writeRtpHeader(packet, false, 111, sequence & 0xffff, 960 * sequence, ssrc);
      return receiver.unprotectRtp(packet, sender.protectRtp(packet, at + 60)) === at + 60;
    };
    expect([hears(1, 65_535), hears(1, 65_536)]).toEqual([true, true]);
    for (let other = 2; other < 60; other++) {
      expect(hears(other, 7)).toBe(true);
      expect(hears(1, 65_536 + other)).toBe(true);
    }
  });

  it('protects what another implementation reads, over a wrap of the sequence number', () => {
    const session = new SrtpSession(ours);
    const werift = new WeriftSrtpSession(theirs);
    for (let i = 0; i < 200; i++) {
      const sequence = (65_500 + i) & 0xffff;
      const { packet, length } = packetOf(sequence, bytes(60, i));
      const protectedLength = session.protectRtp(packet, length);
      expect(protectedLength).toBe(length + tagBytes);
      const clear = werift.decrypt(Buffer.from(packet.subarray(0, protectedLength)));
      expect(clear.subarray(12)).toEqual(bytes(60, i));
    }
  });

  it('reads what another implementation protects, over a wrap and out of order', () => {
    const session = new SrtpSession(ours);
    const werift = new WeriftSrtpSession(theirs);
    const packets = Array.from({ length: 200 }, (_, i) => {
      const header = new RtpHeader({
        payloadType: 111,
        ssrc: 7,
        sequenceNumber: (65_500 + i) & 0xffff,
        timestamp: i,
      });
      return { i, packet: Buffer.from(werift.encrypt(bytes(61, i), header)) };
    });
    for (let i = 0; i + 1 < packets.length; i += 2) {
      // The first one stays first: a stream that begins out of order at the wrap cannot be guessed.
      if (i > 0) [packets[i], packets[i + 1]] = [packets[i + 1] as never, packets[i] as never];
    }
    for (const { i, packet } of packets) {
      const length = session.unprotectRtp(packet, packet.length);
      expect(packet.subarray(12, length)).toEqual(bytes(61, i));
    }
  });

  it('refuses replays, forgeries and fragments', () => {
    const session = new SrtpSession({ profile, local: b, remote: a });
    const sender = new SrtpSession(ours);
    const { packet, length } = packetOf(1, bytes(40, 9));
    const size = sender.protectRtp(packet, length);
    const copy = (): Buffer => Buffer.from(packet.subarray(0, size));
    const forged = copy();
    forged[20] = (forged[20] as number) ^ 1;
    expect(session.unprotectRtp(forged, size)).toBe(-1);
    expect(session.refusal).toBe('auth');
    expect(session.unprotectRtp(copy(), size)).toBe(length);
    expect(session.unprotectRtp(copy(), size)).toBe(-1);
    expect(session.refusal).toBe('replay');
    for (let cut = 0; cut < size; cut++) expect(session.unprotectRtp(copy(), cut)).toBe(-1);
  });

  it('speaks SRTCP with another implementation, both ways', () => {
    const session = new SrtpSession(ours);
    const werift = new SrtcpSession(theirs);
    const report = (): Buffer =>
      Buffer.from(
        new RtcpSrPacket({
          ssrc: 77,
          senderInfo: new RtcpSenderInfo({
            ntpTimestamp: 1n,
            rtpTimestamp: 2,
            packetCount: 3,
            octetCount: 4,
          }),
          reports: [],
        }).serialize(),
      );
    for (let i = 0; i < 5; i++) {
      const packet = Buffer.concat([report(), Buffer.alloc(32)]);
      const size = session.protectRtcp(packet, report().length);
      expect(werift.decrypt(packet.subarray(0, size))).toEqual(report());
      const incoming = Buffer.from(werift.encrypt(report()));
      const twice = Buffer.from(incoming);
      const length = session.unprotectRtcp(incoming, incoming.length);
      expect(incoming.subarray(0, length)).toEqual(report());
      expect(session.unprotectRtcp(twice, twice.length)).toBe(-1);
      expect(session.refusal).toBe('replay');
    }
  });
});
