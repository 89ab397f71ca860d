import { expect, it } from 'vitest';
import { PacketCapture } from '../../../src/media/index.ts';

let now = 0;
const capture = (options: Partial<ConstructorParameters<typeof PacketCapture>[0]> = {}): PacketCapture => {
  now = 0;
  return new PacketCapture({ maxBytes: 65_536, payload: false, now: () => ++now, ...options });
};
/** RTP with 160 bytes of audio, and rubbish behind it as in a receive buffer. */
const rtp = Buffer.concat([
  Buffer.from('a0000001000000000000000100', 'hex').subarray(0, 12),
  Buffer.alloc(300, 0xaa),
]);

it('keeps headers; of the audio only how long it was', () => {
  const kept = capture();
  kept.rtp('phone', true, rtp, 12, 172);
  const [packet] = kept.packets();
  expect(packet).toMatchObject({ atMs: 1, leg: 'phone', inbound: true, rtcp: false, length: 172 });
  expect(packet?.bytes.length).toBe(12);
  // The padding bit goes with the padding.
  expect(packet?.bytes[0]).toBe(0x80);
});

it('keeps the audio when it may, but nothing that is still encrypted', () => {
  const kept = capture({ payload: true });
  kept.rtp('consumer', true, rtp, 12, 172);
  kept.rtp('consumer', true, rtp, 12, 182, 'auth');
  kept.rtp('consumer', true, rtp, 12, 172, 'late');
  kept.rtp('consumer', true, rtp, 12, 172, 'malformed');
  kept.rtp('phone', false, rtp, 12, 172);
  expect(kept.packets().map(({ bytes, dropped }) => [bytes.length, dropped])).toEqual([
    [172, undefined],
    [12, 'auth'],
    [172, 'late'],
    [172, undefined],
  ]);
});

it('takes a compound RTCP packet apart and leaves out who somebody is', () => {
  const sr = Buffer.concat([Buffer.from('80c80006', 'hex'), Buffer.alloc(24, 1)]);
  const sdes = Buffer.concat([Buffer.from('81ca0004', 'hex'), Buffer.from('person-person-12')]);
  const bye = Buffer.concat([Buffer.from('81cb0001', 'hex'), Buffer.alloc(4, 2)]);
  const whole = Buffer.concat([sr, sdes, bye, Buffer.from('80c9ffff', 'hex')]);
  const kept = capture();
  kept.rtcp('consumer', true, whole, whole.length);
  expect(kept.packets().map(({ bytes }) => Buffer.from(bytes).toString('hex'))).toEqual([
    sr.toString('hex'),
    bye.toString('hex'),
  ]);
});

it('takes no more room than it has, and counts what it left out', () => {
  const kept = capture({ maxBytes: 1_000, payload: true });
  for (let i = 0; i < 10; i++) kept.rtp('phone', true, rtp, 12, 172);
  // 172 bytes, and 160 of notes each.
  expect(kept.packets()).toHaveLength(3);
  expect(kept.missed).toBe(7);
});
