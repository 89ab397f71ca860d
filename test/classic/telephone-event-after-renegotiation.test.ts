import { afterEach, describe, expect, it } from 'vitest';
import { until, worlds } from '../e2e/world.ts';
import { hangUp, offer, pickUp, type RawCall, ring, talk } from './support/call.ts';
import { readSdp, sdp } from './support/sdp.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const named = { consumer: { toneHz: 440, reply: { telephoneEvent: true } } };

/** The consumer presses a key; what came of it as telephone-event of this number. */
async function keyAs(raw: RawCall, key: string, payloadType: number) {
  const { rtp, call } = raw;
  const from = rtp.received.length;
  await call.sendDtmf(key);
  const events = () => rtp.received.slice(from).filter((packet) => packet.payloadType === payloadType);
  await until(() => events().filter(({ payload }) => ((payload[1] as number) & 0x80) !== 0).length === 3);
  const packets = events();
  expect(new Set(packets.map(({ timestamp }) => timestamp)).size).toBe(1);
  expect(packets.map(({ marker }) => marker).indexOf(true)).toBe(0);
  expect(packets.filter(({ marker }) => marker)).toHaveLength(1);
  for (const { payload } of packets) expect(payload[0]).toBe(Number(key));
  // No other number carries keys.
  const others = rtp.received
    .slice(from)
    .filter((packet) => ![0, 8, 111, payloadType].includes(packet.payloadType));
  expect(others).toEqual([]);
  return packets;
}

/** Meta's keys are 500 ms; a consumer on a busy machine lets go late. In the other clock it would be six times as much. */
const MOST_MS = 1_500;

/** The unit of an event's duration: 8 a millisecond at 8 kHz, 48 at 48 kHz. */
const longest = (packets: readonly { readonly payload: Buffer }[]): number =>
  Math.max(...packets.map(({ payload }) => payload.readUInt16BE(2)));

it('before any: by the number that the phone declared, each key from start to its three ends', async () => {
  const raw = await ring(start, named);
  await pickUp(raw, { payloads: ['0 PCMU/8000', '97 telephone-event/8000'] });
  await until(() => raw.rtp.hears(440));
  const packets = await keyAs(raw, '5', 97);
  expect(longest(packets)).toBeGreaterThanOrEqual(480 * 8);
  expect(longest(packets)).toBeLessThanOrEqual(MOST_MS * 8);
  await hangUp(raw);
});

describe.each(['INVITE', 'UPDATE'] as const)('%s', (method) => {
  it('gives it another number: keys go by that, and come by it, and by the former one that is in flight', async () => {
    const raw = await talk(start, named);
    await keyAs(raw, '1', 101);
    const payloads = ['0 PCMU/8000', '96 telephone-event/8000'];
    const ok = await offer(raw, sdp({ port: raw.rtp.port, version: 2, payloads }), method);
    expect(readSdp(ok.body).payloads).toContain('96 telephone-event/8000');
    await keyAs(raw, '2', 96);
    raw.rtp.press(7, { port: raw.gatewayRtp, payloadType: 96 });
    await until(() => raw.call.relay()?.keys === '7');
    await hangUp(raw);
  });

  it('takes it away: no key goes by the old number', async () => {
    const raw = await talk(start, named);
    await offer(raw, sdp({ port: raw.rtp.port, version: 2, payloads: ['0 PCMU/8000'] }), method);
    const from = raw.rtp.received.length;
    await raw.call.sendDtmf('3');
    // The phone allows INFO: the key goes by that.
    const info = await raw.peer.request('INFO');
    expect(info.body).toContain('Signal=3');
    raw.peer.respond(info, 200);
    expect(raw.rtp.received.slice(from).filter(({ payloadType }) => payloadType !== 0)).toEqual([]);
    await hangUp(raw);
  });

  it('changes the codec to one of another clock: durations are counted in that clock, and back', async () => {
    const raw = await talk(start, { ...named, codecs: ['PCMU', 'opus'] });
    expect(longest(await keyAs(raw, '4', 101))).toBeLessThanOrEqual(MOST_MS * 8);
    const opus = ['111 opus/48000/2', '100 telephone-event/48000'];
    await offer(raw, sdp({ port: raw.rtp.port, version: 2, payloads: opus }), method);
    await until(() => raw.rtp.received.at(-1)?.payloadType === 111);
    const packets = await keyAs(raw, '6', 100);
    expect(longest(packets)).toBeGreaterThanOrEqual(480 * 48);
    expect(longest(packets)).toBeLessThanOrEqual(MOST_MS * 48);
    await offer(raw, sdp({ port: raw.rtp.port, version: 3 }), method);
    await until(() => raw.rtp.received.at(-1)?.payloadType === 0);
    expect(longest(await keyAs(raw, '8', 101))).toBeLessThanOrEqual(MOST_MS * 8);
    await hangUp(raw);
  });
});
