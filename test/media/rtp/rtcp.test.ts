import { describe, expect, it } from 'vitest';
import { Reception } from '../../../src/media/rtp/reception.ts';
import { RtcpState, writeReport } from '../../../src/media/rtp/rtcp.ts';

const OURS = 0x11111111;
const THEIRS = 0x22222222;

function words(...values: number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, i * 4);
  return bytes;
}

/** V=2, count, type, length in words less one. */
const head = (count: number, type: number, length: number): number =>
  ((2 << 30) | (count << 24) | (type << 16) | length) >>> 0;

const block = (lsr = 0, dlsr = 0): number[] => [OURS, (64 << 24) | 7, 1_000, 90, lsr, dlsr];
const senderReport = (ssrc = THEIRS): number[] => [
  head(1, 200, 12),
  ssrc,
  0xaaaabbbb,
  0xccccdddd,
  1,
  2,
  3,
  ...block(),
];
const receiverReport = (lsr: number, dlsr: number): number[] => [
  head(1, 201, 7),
  THEIRS,
  ...block(lsr, dlsr),
];
const bye = (ssrc = THEIRS): number[] => [head(1, 203, 1), ssrc];
const xr = [head(0, 207, 3), THEIRS, 0x04000001, 0];
const sdes = [head(1, 202, 2), THEIRS, 0x01000000];

function read(bytes: Uint8Array, theirs: number | 'anybody' = THEIRS, wallMs = 0): [boolean, RtcpState] {
  const state = new RtcpState();
  return [
    state.read(bytes, bytes.length, OURS, theirs === 'anybody' ? undefined : theirs, wallMs, 5_000),
    state,
  ];
}

describe('RTCP that comes in', () => {
  it('reads a compound packet: sender report, SDES, XR and BYE', () => {
    const [ok, state] = read(words(...senderReport(), ...sdes, ...xr, ...bye()));
    expect(ok).toBe(true);
    expect(state).toMatchObject({
      lastSr: 0xbbbbcccc,
      lastSrAtMs: 5_000,
      remoteLost: 7,
      remoteFractionLost: 64,
      remoteJitter: 90,
      bye: true,
      reports: 1,
    });
  });

  it.each([
    ['BYE alone', words(...bye())],
    ['BYE of nobody', words(head(0, 203, 0))],
    ['a PLI alone', words(head(1, 206, 2), THEIRS, OURS)],
    ['XR alone', words(...xr)],
  ])('takes a reduced-size packet: %s (RFC 5506)', (_, bytes) => {
    expect(read(bytes)[0]).toBe(true);
  });

  it('believes only the source whose audio we receive', () => {
    expect(read(words(...senderReport(0x333)))[1].lastSr).toBe(0);
    expect(read(words(...bye(0x333)))[1].bye).toBe(false);
    expect(read(words(...bye(0x333)), 'anybody')[1].bye).toBe(true);
  });

  const good = words(...senderReport(), ...sdes, ...bye());
  const changed = (at: number, value: number): Uint8Array => {
    const bytes = Buffer.from(good);
    bytes[at] = value;
    return bytes;
  };
  it.each([
    ['nothing', new Uint8Array(0)],
    ['three bytes', good.subarray(0, 3)],
    ['cut in the last packet', good.subarray(0, good.length - 4)],
    ['cut within a word', good.subarray(0, good.length - 1)],
    ['a length beyond the end', changed(3, 200)],
    ['more blocks than fit', changed(0, 0x80 | 31)],
    ['a wrong version', changed(0, 0x41)],
    ['another type than RTCP', changed(1, 100)],
    ['a wrong version inside', changed(52, 0)],
    ['more sources than BYE holds', changed(good.length - 8, 0x80 | 9)],
  ])('refuses %s, and believes nothing of it', (_, bytes) => {
    const [ok, state] = read(bytes);
    expect(ok).toBe(false);
    expect(state).toMatchObject({ malformed: 1, reports: 0, lastSr: 0, remoteLost: 0, bye: false });
  });

  it('survives any bytes', () => {
    let seed = 1;
    for (let round = 0; round < 20_000; round++) {
      const bytes = Buffer.from(good);
      for (let i = 0; i < 1 + (round % 5); i++) {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
        bytes[(seed >>> 8) % bytes.length] = seed >>> 24;
      }
      expect(() => read(bytes.subarray(0, (seed >>> 4) % (bytes.length + 1)))).not.toThrow();
    }
  });
});

/** RFC 3550 section 6.4.1, figure 2: its own example, in 65536ths of a second. */
it('computes the round trip of the example in RFC 3550', () => {
  // A = 0xb710:8000 (46864.500 s), LSR = 0xb705:2000 (46853.125), DLSR = 0x0005:4000 (5.250 s): 6.125 s
  const unix = (((0xb710 - 2_208_988_800) % 65_536) + 65_536) % 65_536;
  const wallMs = (unix + 65_536 + 0.5) * 1_000;
  const [ok, state] = read(words(...receiverReport(0xb7052000, 0x00054000)), THEIRS, wallMs);
  expect(ok).toBe(true);
  expect(state.roundTripMs).toBeCloseTo(6_125, 1);
});

it('takes no round trip below zero or beyond half a minute', () => {
  const wallMs = 1_789_000_000_000;
  const middle = ((((1_789_000_000 + 2_208_988_800) & 0xffff) << 16) >>> 0) as number;
  const trip = (agoMs: number): RtcpState =>
    read(
      words(...receiverReport((middle - Math.round((agoMs * 65_536) / 1_000)) >>> 0, 0)),
      THEIRS,
      wallMs,
    )[1];
  expect(trip(80).roundTripMs).toBeCloseTo(80, 1);
  expect(trip(-500).roundTripMs).toBe(-1);
  expect(trip(60_000).roundTripMs).toBe(-1);
});

it('two ends measure the round trip of the way between them, both by the reports of the other', () => {
  const [a, b] = [new RtcpState(), new RtcpState()];
  const [hearsB, hearsA] = [new Reception(), new Reception()];
  hearsB.arrive(2, 1, 0, 0);
  hearsA.arrive(1, 1, 0, 0);
  const origin = 1_789_000_000_000;
  const out = new Uint8Array(256);
  const cname = Buffer.from('x');
  const sent = (ssrc: number) => ({ ssrc, packets: 1, bytes: 160, timestamp: 0 });
  // 30 ms from a to b, 50 ms back; their wall clocks are an hour apart.
  let now = 0;
  for (let round = 0; round < 3; round++) {
    let length = writeReport(out, sent(1), hearsB, a, cname, origin + now, now);
    now += 30;
    b.read(out, length, 2, 1, origin + 3_600_000 + now, now);
    now += 700;
    length = writeReport(out, sent(2), hearsA, b, cname, origin + 3_600_000 + now, now);
    now += 50;
    a.read(out, length, 1, 2, origin + now, now);
    now += 900;
  }
  expect(a.roundTripMs).toBeCloseTo(80, 0);
  expect(b.roundTripMs).toBeCloseTo(80, 0);
  expect(a.roundTrips).toBe(3);
});
