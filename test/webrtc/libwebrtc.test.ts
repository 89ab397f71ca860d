import { afterEach, expect, it } from 'vitest';
import { RtpHeader, RtpPacket } from 'werift';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { openWebrtcLeg, type WebrtcLeg } from '../../src/webrtc/index.ts';
import { LibwebrtcPeer, LossyHop } from './libwebrtc.ts';
import { Recorder, srtpOf } from './recorder.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(): Promise<{ leg: WebrtcLeg; seen: Recorder; peer: LibwebrtcPeer }> {
  const seen = new Recorder();
  const leg = await openWebrtcLeg({ clock: systemClock, log: silentLog, events: seen.events() });
  const peer = new LibwebrtcPeer();
  closers.push(
    () => leg.close(),
    () => peer.close(),
  );
  return { leg, seen, peer };
}

it("reaches libwebrtc, and its voice comes back to it through both sides' keys", async () => {
  const { leg, seen, peer } = await open();
  expect(leg.applyAnswer(await peer.answer(leg.localSdp))).toMatchObject({ ok: true });
  await seen.until(() => seen.states.includes('secure'));
  expect(seen.states).toEqual(['ice-checking', 'ice-connected', 'secure']);
  expect(seen.plans[0]).toMatchObject({ receive: { opusPayloadTypes: [111] }, send: { payloadType: 111 } });
  const srtp = srtpOf(seen.keys);
  seen.onPacket = (packet) => {
    if (((packet[1] ?? 0) & 127) !== 111) return; // RTCP
    const { header, payload } = RtpPacket.deSerialize(srtp.decrypt(packet));
    const { sequenceNumber, timestamp, marker } = header;
    leg.send(
      srtp.encrypt(
        payload,
        new RtpHeader({ payloadType: 111, ssrc: leg.ssrc, sequenceNumber, timestamp, marker }),
      ),
    );
  };
  const heard = Promise.withResolvers<void>();
  peer.onHeard = (peak) => {
    if (peak > 5_000) heard.resolve();
  };
  peer.startTone();
  await heard.promise;
});

it('ends when libwebrtc closes: its close_notify counts as the end', async () => {
  const { leg, seen, peer } = await open();
  leg.applyAnswer(await peer.answer(leg.localSdp));
  await seen.until(() => seen.states.includes('secure'));
  peer.close();
  await seen.until(() => leg.state === 'failed');
  expect(seen.states.at(-1)).toBe('failed: dtls: closed by the other side');
});

it.each([
  ['leg', 0],
  ['leg', 1],
  ['peer', 0],
  ['peer', 1],
] as const)('shakes hands with BoringSSL though DTLS datagram %s %i is lost', async (direction, lost) => {
  const counts = { leg: 0, peer: 0 };
  const hop = await LossyHop.open((datagram, towards) => {
    const first = datagram[0] ?? 0;
    return first >= 20 && first <= 63 && counts[towards]++ === lost && towards === direction;
  });
  closers.push(() => hop.close());
  const { leg, seen, peer } = await open();
  const answer = hop.answer(await peer.answer(hop.offer(leg.localSdp)));
  expect(leg.applyAnswer(answer)).toMatchObject({ ok: true });
  await seen.until(() => seen.states.includes('secure') || leg.state === 'failed');
  expect(seen.states).toEqual(['ice-checking', 'ice-connected', 'secure']);
  expect(counts[direction]).toBeGreaterThan(lost);
});

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
