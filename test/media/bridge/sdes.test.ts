import { createSocket, type Socket } from 'node:dgram';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { G711Decoder, G711Encoder } from '../../../src/media/codec/index.ts';
import { dominantFrequency, type PhonePlan, Tone } from '../../../src/media/index.ts';
import { writeRtpHeader } from '../../../src/media/rtp/header.ts';
import { type SrtpKeys, type SrtpProfile, SrtpSession } from '../../../src/media/srtp/session.ts';
import { Harness, opus } from './harness.ts';
import { decodeAll, voice } from './voice.ts';

const PROFILES = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32', 'AEAD_AES_128_GCM'] as const;
const SSRC = 88;

function keysOf(profile: SrtpProfile, local: number, remote: number): { ours: SrtpKeys; theirs: SrtpKeys } {
  const side = (seed: number): SrtpKeys['local'] => ({
    key: Buffer.alloc(16, seed),
    salt: Buffer.alloc(profile === 'AEAD_AES_128_GCM' ? 12 : 14, seed + 1),
  });
  const [a, b] = [side(local), side(remote)];
  return { ours: { profile, local: a, remote: b }, theirs: { profile, local: b, remote: a } };
}

/** A phone that speaks SRTP on a socket of its own, RTCP on the same. */
class SecurePhone {
  readonly harness: Harness;
  readonly socket: Socket;
  readonly wires: Buffer[] = [];
  readonly #arrived: (() => void)[] = [];
  srtp: SrtpSession;

  static async open(keys: { ours: SrtpKeys; theirs: SrtpKeys }): Promise<SecurePhone> {
    const harness = await Harness.open('PCMU');
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', () => resolve()));
    const phone = new SecurePhone(harness, socket, new SrtpSession(keys.theirs));
    phone.plan({ srtp: keys.ours });
    return phone;
  }

  private constructor(harness: Harness, socket: Socket, srtp: SrtpSession) {
    this.harness = harness;
    this.socket = socket;
    this.srtp = srtp;
    socket.on('message', (packet) => {
      this.wires.push(Buffer.from(packet));
      this.#arrived.shift()?.();
    });
  }

  plan(change: Partial<PhonePlan>): void {
    const { port } = this.socket.address();
    const remote = { address: '127.0.0.1', port, rtcpPort: port, rtcpMux: false };
    this.harness.bridge.setPhonePlan(this.harness.plan({ remote, ...change }));
  }

  clear(sequence: number, payload: Uint8Array): Buffer {
    const packet = Buffer.alloc(12 + payload.length);
    writeRtpHeader(packet, false, 0, sequence, 160 * sequence, SSRC);
    packet.set(payload, 12);
    return packet;
  }

  protect(sequence: number, payload: Uint8Array): Buffer {
    const clear = this.clear(sequence, payload);
    const room = Buffer.concat([clear, Buffer.alloc(32)]);
    return room.subarray(0, this.srtp.protectRtp(room, clear.length));
  }

  send(packet: Buffer, socket = this.socket): Promise<void> {
    return this.harness.toGateway(packet, socket);
  }

  async receives(count: number): Promise<readonly Buffer[]> {
    while (this.wires.length < count) await new Promise<void>((resolve) => this.#arrived.push(resolve));
    return this.wires;
  }

  async close(): Promise<void> {
    await this.harness.close();
    await new Promise<void>((resolve) => this.socket.close(() => resolve()));
  }
}

const open: SecurePhone[] = [];
afterEach(async () => {
  for (const phone of open.splice(0)) {
    const { received, used, dropped } = phone.harness.bridge.dump().phone;
    expect(received).toBe(used + Object.values(dropped).reduce((sum, count) => sum + count, 0));
    await phone.close();
  }
  expect(opus.open).toBe(0);
});

async function start(keys: { ours: SrtpKeys; theirs: SrtpKeys }): Promise<SecurePhone> {
  const phone = await SecurePhone.open(keys);
  open.push(phone);
  return phone;
}

const ULAW = new Uint8Array(160).fill(0xd5);

function tone(hz: number, frames: number): Uint8Array[] {
  const made = new Tone(hz, 8_000);
  const encoder = new G711Encoder('PCMU');
  const pcm = new Int16Array(160);
  return Array.from({ length: frames }, () => {
    made.fill(pcm, 160);
    const out = new Uint8Array(160);
    encoder.encode(pcm, 160, out);
    return out;
  });
}

describe.each(PROFILES)('SRTP on the phone leg, %s', (profile) => {
  it('carries both ways, by frequency, over a wrap', async () => {
    const phone = await start(keysOf(profile, 1, 9));
    const { harness } = phone;
    const says = tone(700, 60);
    for (const [i, packet] of voice(1_000, 60).entries()) {
      harness.fromConsumer(packet, i, 960 * i);
      await phone.send(phone.protect((65_510 + i) & 0xffff, says[i] as Uint8Array));
      harness.clock.advance(20);
    }
    const heard = (await phone.receives(60)).flatMap((wire) => {
      if ((wire[1] as number) >= 192) return [];
      const length = phone.srtp.unprotectRtp(wire, wire.length);
      expect(length, phone.srtp.refusal).toBe(172);
      return [{ header: undefined as never, payload: wire.subarray(12, length) }];
    });
    const hz = dominantFrequency(decodeAll(new G711Decoder('PCMU'), heard.slice(10)), 8_000);
    expect(Math.abs(hz / 1_000 - 1)).toBeLessThan(0.01);
    const consumer = decodeAll(opus.decoder(8_000), harness.consumerHeard.slice(10));
    expect(Math.abs(dominantFrequency(consumer, 8_000) / 700 - 1)).toBeLessThan(0.01);
    expect(harness.bridge.dump().phone.dropped).toMatchObject({ auth: 0, replay: 0 });
  });
});

describe('SRTP on the phone leg', () => {
  const keys = keysOf('AES_CM_128_HMAC_SHA1_80', 1, 9);

  it('takes nothing in the clear, nothing forged, nothing twice', async () => {
    const phone = await start(keys);
    const packet = phone.protect(1, ULAW);
    const forged = Buffer.from(packet);
    forged[50] = (forged[50] as number) ^ 1;
    await phone.send(forged);
    await phone.send(phone.clear(1, ULAW));
    await phone.send(Buffer.from(packet));
    await phone.send(Buffer.from(packet));
    const { dropped, used } = phone.harness.bridge.dump().phone;
    expect(dropped).toMatchObject({ auth: 2, replay: 1 });
    expect(used).toBe(1);
  });

  it('lets nobody take the call over who has not the key', async () => {
    const phone = await start(keys);
    const stranger = createSocket('udp4');
    await new Promise<void>((resolve) => stranger.bind(0, '127.0.0.1', () => resolve()));
    await phone.send(phone.clear(1, ULAW), stranger);
    phone.harness.fromConsumer(voice(1_000, 1)[0] as Uint8Array, 1, 960);
    expect(await phone.receives(1)).toHaveLength(1);
    expect(phone.harness.bridge.dump().phone.dropped).toMatchObject({ auth: 1, source: 0 });
    await new Promise<void>((resolve) => stranger.close(() => resolve()));
  });

  it('a new key of the phone takes the place of the old one; ours goes on', async () => {
    const phone = await start(keys);
    const { harness } = phone;
    await phone.send(phone.protect(1, ULAW));
    const old = phone.protect(2, ULAW);
    const again = phone.protect(3, ULAW);
    harness.fromConsumer(voice(1_000, 1)[0] as Uint8Array, 1, 960);
    await phone.receives(1);

    const next = keysOf('AES_CM_128_HMAC_SHA1_80', 1, 33);
    phone.plan({ srtp: next.ours });
    await phone.send(old);
    expect(harness.bridge.dump().phone.dropped.auth).toBe(1);
    const renewed = new SrtpSession(next.theirs);
    const before = phone.srtp;
    phone.srtp = renewed;
    await phone.send(phone.protect(4, ULAW));
    expect(harness.bridge.dump().phone.used).toBe(2);
    harness.fromConsumer(voice(1_000, 1)[0] as Uint8Array, 2, 1_920);
    const wires = await phone.receives(2);
    for (const wire of wires) expect(before.unprotectRtp(wire, wire.length)).toBe(172);

    // Back to the first key: it goes on where it was.
    phone.plan({ srtp: keys.ours });
    await phone.send(again);
    await phone.send(Buffer.from(old));
    expect(harness.bridge.dump().phone.dropped.replay).toBe(0);
    phone.srtp = before;
    await phone.send(Buffer.from(again));
    expect(harness.bridge.dump().phone.dropped.replay).toBe(1);
  });

  it('protects its reports, and believes only protected ones', async () => {
    const phone = await start(keys);
    const { harness } = phone;
    await phone.send(phone.protect(1, ULAW));
    const bye = Buffer.from('80c9000100000058' + '81cb000100000058', 'hex');
    phone.socket.send(bye, harness.gatewayPort, '127.0.0.1');
    await phone.send(phone.protect(2, ULAW));
    expect(harness.events).not.toContainEqual({ kind: 'rtcpBye', leg: 'phone' });
    const room = Buffer.concat([bye, Buffer.alloc(32)]);
    const length = phone.srtp.protectRtcp(room, bye.length);
    phone.socket.send(room.subarray(0, length), harness.gatewayPort, '127.0.0.1');
    await phone.send(phone.protect(3, ULAW));
    expect(harness.events).toContainEqual({ kind: 'rtcpBye', leg: 'phone' });

    harness.clock.advance(8_000);
    await phone.receives(1);
    while (!phone.wires.some((wire) => isReport(wire))) await phone.receives(phone.wires.length + 1);
    const report = phone.wires.find((wire) => isReport(wire)) as Buffer;
    const size = phone.srtp.unprotectRtcp(report, report.length);
    expect(size).toBeGreaterThan(0);
    expect(report[1]).toBe(200);
  });

  it('shows its keys to nobody', async () => {
    const phone = await start(keys);
    const shown = inspect(phone.harness.bridge, { depth: 9 }) + JSON.stringify(phone.harness.bridge.dump());
    expect(shown).not.toContain(Buffer.alloc(6, 9).toString('hex'));
    expect(shown).not.toMatch(/09 09 09 09|"9":9/);
  });
});

const isReport = (wire: Buffer): boolean => (wire[1] as number) >= 192 && (wire[1] as number) <= 223;
