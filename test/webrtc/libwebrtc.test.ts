import { afterEach, expect, it } from 'vitest';
import { RtpHeader, RtpPacket } from 'werift';
import { WHATSAPP_SDP } from '../../src/sdp/index.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { openWebrtcLeg, type WebrtcLeg, type WebrtcLegOptions } from '../../src/webrtc/index.ts';
import { io } from '../support/datagram-io.ts';
import { LibwebrtcPeer, LossyHop } from './libwebrtc.ts';
import { Recorder, srtpOf } from './recorder.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(
  more: Partial<WebrtcLegOptions> = {},
  peer = new LibwebrtcPeer(),
): Promise<{ leg: WebrtcLeg; seen: Recorder; peer: LibwebrtcPeer }> {
  const seen = new Recorder();
  const leg = await openWebrtcLeg({ io, clock: systemClock, log: silentLog, events: seen.events(), ...more });
  closers.push(
    () => leg.close(),
    () => peer.close(),
  );
  return { leg, seen, peer };
}

it("reaches libwebrtc, and its voice comes back to it through both sides' keys", async () => {
  const { leg, seen, peer } = await open();
  expect(leg.applyAnswer(await peer.answer(leg.localSdp))).toMatchObject({ ok: true });
  await echoes(leg, seen, peer);
});

it('is the DTLS server of a libwebrtc that answers active, as WhatsApp does', async () => {
  const { leg, seen, peer } = await open({ dialect: WHATSAPP_SDP });
  const answer = await peer.answer(leg.localSdp, 'client');
  expect(answer).toContain('a=setup:active');
  expect(leg.applyAnswer(answer.replace('a=setup:active', 'a=setup:actpass'))).toMatchObject({ ok: true });
  await echoes(leg, seen, peer);
});

it("answers libwebrtc's offer, and begins when it is told to", async () => {
  const peer = new LibwebrtcPeer();
  const remoteOffer = await peer.offer();
  const { leg, seen } = await open({ dialect: WHATSAPP_SDP, remoteOffer }, peer);
  expect(leg.localSdp).toContain('a=setup:active');
  expect(leg.state).toBe('new');
  await peer.answered(leg.localSdp);
  expect(leg.applyAnswer(remoteOffer)).toMatchObject({ ok: true });
  await echoes(leg, seen, peer);
});

async function echoes(leg: WebrtcLeg, seen: Recorder, peer: LibwebrtcPeer): Promise<void> {
  await seen.until(() => seen.states.includes('secure'));
  expect(seen.states).toEqual(['ice-checking', 'ice-connected', 'secure']);
  expect(seen.plans[0]).toMatchObject({ receive: { opusPayloadTypes: [111] }, send: { payloadType: 111 } });
  const srtp = srtpOf(seen.keys);
  seen.onPacket = (packet) => {
    if (((packet[1] ?? 0) & 127) !== 111) return; // RTCP
    const { header, payload } = RtpPacket.deSerialize(srtp.decrypt(packet));
    const { sequenceNumber, timestamp, marker } = header;
    const ours = new RtpHeader({ payloadType: 111, ssrc: leg.ssrc, sequenceNumber, timestamp, marker });
    const sealed = srtp.encrypt(payload, ours);
    leg.send(sealed, sealed.length);
  };
  const heard = Promise.withResolvers<void>();
  peer.onHeard = (peak) => {
    if (peak > 5_000) heard.resolve();
  };
  peer.startTone();
  await heard.promise;
}

it('ends when libwebrtc closes: its close_notify counts as the end', async () => {
  const { leg, seen, peer } = await open();
  leg.applyAnswer(await peer.answer(leg.localSdp));
  await seen.until(() => seen.states.includes('secure'));
  peer.close();
  await seen.until(() => leg.state === 'failed');
  expect(seen.states.at(-1)).toBe('failed: dtls: closed by the other side');
});

it.each([
  ['server', 'leg', 0],
  ['server', 'leg', 1],
  ['server', 'peer', 0],
  ['server', 'peer', 1],
  // We are the server then: HelloVerifyRequest, our long flight, our Finished.
  ['client', 'peer', 0],
  ['client', 'peer', 1],
  ['client', 'peer', 2],
  ['client', 'leg', 0],
  ['client', 'leg', 1],
  ['client', 'leg', 2],
] as const)(
  'shakes hands with BoringSSL as the %s though DTLS datagram %s %i is lost',
  async (role, direction, lost) => {
    const counts = { leg: 0, peer: 0 };
    const hop = await LossyHop.open((datagram, towards) => {
      const first = datagram[0] ?? 0;
      return first >= 20 && first <= 63 && counts[towards]++ === lost && towards === direction;
    });
    closers.push(() => hop.close());
    const { leg, seen, peer } = await open();
    const answer = hop.answer(await peer.answer(hop.offer(leg.localSdp), role));
    expect(leg.applyAnswer(answer)).toMatchObject({ ok: true });
    await seen.until(() => seen.states.includes('secure') || leg.state === 'failed');
    expect(seen.states).toEqual(['ice-checking', 'ice-connected', 'secure']);
    // libwebrtc has its keys, too.
    peer.startTone();
    await seen.until(() => seen.packets.length > 0);
    expect(counts[direction]).toBeGreaterThan(lost);
  },
);

it('keeps checking a relay that opens its port only seconds after the answer', async () => {
  let checks = 0;
  const hop = await LossyHop.open((datagram, towards) => {
    return towards === 'peer' && (datagram[0] ?? 0) < 4 && checks++ < 8;
  });
  closers.push(() => hop.close());
  const { leg, seen, peer } = await open();
  leg.applyAnswer(hop.answer(await peer.answer(hop.offer(leg.localSdp))));
  await seen.until(() => seen.states.includes('secure') || leg.state === 'failed');
  expect(leg.state).toBe('secure');
});
