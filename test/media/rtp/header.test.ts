import { expect, it } from 'vitest';
import { RtpHeader } from '../../../src/media/rtp/header.ts';

/** 12 bytes of header, P set, `payload` bytes, and padding that says it is `padding` long. */
function padded(payload: number, padding: number): Uint8Array {
  const packet = new Uint8Array(12 + payload + 4);
  packet[0] = 0xa0;
  packet[packet.length - 1] = padding;
  return packet;
}

it('takes padding off after decryption as it does in the clear, and refuses what cannot be', () => {
  const header = new RtpHeader();
  const packet = padded(20, 4);
  expect(header.parse(packet, packet.length)).toBe(true);
  expect(header.payloadLength).toBe(20);
  expect(header.parse(packet, packet.length, true)).toBe(true);
  expect(header.payloadLength).toBe(24);
  expect(header.trim(packet, packet.length)).toBe(true);
  expect(header.payloadLength).toBe(20);
  for (const padding of [0, 25, 255]) {
    const wrong = padded(20, padding);
    expect(header.parse(wrong, wrong.length, true)).toBe(true);
    expect(header.trim(wrong, wrong.length)).toBe(false);
  }
});
