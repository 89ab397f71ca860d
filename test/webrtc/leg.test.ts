import { afterEach, expect, it } from 'vitest';
import { RtpHeader } from 'werift';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { openWebrtcLeg, type WebrtcLeg, type WebrtcLegOptions } from '../../src/webrtc/index.ts';
import { io } from '../support/datagram-io.ts';
import { LitePeer } from './lite-peer.ts';
import { Recorder, srtpOf } from './recorder.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(options: Partial<WebrtcLegOptions> = {}): Promise<{ leg: WebrtcLeg; seen: Recorder }> {
  const seen = new Recorder();
  const leg = await openWebrtcLeg({
    bindAddress: '127.0.0.1',
    io,
    clock: systemClock,
    log: silentLog,
    events: seen.events(),
    ...options,
  });
  closers.push(() => leg.close());
  return { leg, seen };
}

async function peerOf(leg: WebrtcLeg, profiles?: number[], address?: string): Promise<LitePeer> {
  const peer = await LitePeer.open(leg.localSdp, profiles, address);
  closers.push(() => peer.close());
  return peer;
}

it.each([
  ['AES_CM_128_HMAC_SHA1_80', [1, 7]],
  ['AEAD_AES_128_GCM', [7]],
] as const)(
  'reaches secure with an ICE-lite DTLS server by %s; the keys work both ways',
  async (profile, profiles) => {
    const { leg, seen } = await open();
    const peer = await peerOf(leg, [...profiles]);
    expect(leg.applyAnswer(peer.answer()).ok).toBe(true);
    await seen.until(() => seen.states.includes('secure'));
    await peer.secure;
    expect(seen.states).toEqual(['ice-checking', 'ice-connected', 'secure']);
    expect(seen.keys?.profile).toBe(profile);
    const ours = srtpOf(seen.keys);

    peer.send(Buffer.from('from the consumer'), { sequenceNumber: 7, timestamp: 960 });
    await seen.until(() => seen.packets.length === 1);
    expect(
      ours
        .decrypt(seen.packets[0] as Buffer)
        .subarray(12)
        .toString(),
    ).toBe('from the consumer');

    const header = new RtpHeader({ payloadType: 111, ssrc: leg.ssrc, sequenceNumber: 1, timestamp: 0 });
    const sealed = ours.encrypt(Buffer.from('from the phone'), header);
    leg.send(sealed, sealed.length);
    const [packet] = await peer.rtp(1);
    expect(packet?.payload.toString()).toBe('from the phone');
  },
);

it('applies a renegotiation with another ufrag while packets flow, and finds the consumer on the new line', async () => {
  const { leg, seen } = await open();
  const peer = await peerOf(leg);
  leg.applyAnswer(peer.answer());
  await seen.until(() => seen.states.includes('secure'));
  await peer.secure;
  const srtp = srtpOf(seen.keys);
  const both = async (n: number): Promise<void> => {
    peer.send(Buffer.from(`theirs ${n}`), { sequenceNumber: n, timestamp: 960 * n });
    await seen.until(() => seen.packets.length === n);
    expect(String(srtp.decrypt(seen.packets[n - 1] as Buffer).subarray(12))).toBe(`theirs ${n}`);
    const header = new RtpHeader({ payloadType: 111, ssrc: leg.ssrc, sequenceNumber: n, timestamp: 960 * n });
    const sealed = srtp.encrypt(Buffer.from(`ours ${n}`), header);
    leg.send(sealed, sealed.length);
    expect(String((await peer.rtp(n))[n - 1]?.payload)).toBe(`ours ${n}`);
  };
  await both(1);
  const applied = leg.applyRenegotiation(peer.renegotiation('LiteUfrag//103'));
  expect(applied).toMatchObject({ value: { receive: { ssrc: 3100224466, mid: '1', midExtensionId: 4 } } });
  expect(applied.ok && applied.value.answerSdp).toContain('a=group:BUNDLE 0 1');
  await both(2);
  // Once more, word by word the same: an unchanged version is no reason to skip it.
  expect(leg.applyRenegotiation(peer.renegotiation())).toMatchObject({ ok: true });
  await both(3);
  expect(seen.states).toEqual(['ice-checking', 'ice-connected', 'secure']);
  expect(seen.plans).toHaveLength(3);
  expect(seen.plans[2]).toMatchObject({ send: { mid: '0', maxAverageBitrate: 20_000, ssrc: leg.ssrc } });
});

it('takes the renegotiation in one breath with the answer, before ICE is up', async () => {
  const { leg, seen } = await open();
  const peer = await peerOf(leg);
  leg.applyAnswer(peer.answer());
  expect(leg.applyRenegotiation(peer.renegotiation('LiteUfrag//103'))).toMatchObject({ ok: true });
  await seen.until(() => seen.states.includes('secure'));
  await peer.secure;
  peer.send(Buffer.from('after'), { sequenceNumber: 1, timestamp: 0 });
  await seen.until(() => seen.packets.length === 1);
});

it('refuses an offer with another certificate, or at the wrong time, and goes on as it was', async () => {
  const { leg, seen } = await open();
  const peer = await peerOf(leg);
  const early = leg.applyRenegotiation(peer.renegotiation());
  expect(early).toMatchObject({ ok: false, error: { code: 'WEBRTC_STATE' } });
  leg.applyAnswer(peer.answer());
  await seen.until(() => seen.states.includes('secure'));
  const other = peer
    .renegotiation()
    .replace(/sha-256 ..:/g, 'sha-256 00:')
    .replace(/sha-256 00:..:/g, 'sha-256 00:00:');
  expect(leg.applyRenegotiation(other)).toMatchObject({ error: { code: 'WEBRTC_FINGERPRINT_CHANGED' } });
  expect(leg.applyRenegotiation('v=0')).toMatchObject({ error: { code: 'SDP_NO_AUDIO' } });
  expect(seen.plans).toHaveLength(1);
  expect(leg.state).toBe('secure');
  await leg.close();
  expect(leg.applyRenegotiation(peer.renegotiation())).toMatchObject({ error: { code: 'WEBRTC_STATE' } });
});

it('works over IPv6', async () => {
  const { leg, seen } = await open({ bindAddress: '::1' });
  expect(leg.localSdp).toContain('c=IN IP6 ::1\r\n');
  const peer = await peerOf(leg, undefined, '::1');
  leg.applyAnswer(peer.answer().replace(/(udp 2122260224) ::1/, '$1 0:0:0:0:0:0:0:1'));
  await seen.until(() => seen.states.includes('secure'));
  await peer.secure;
  peer.send(Buffer.from('six'), { sequenceNumber: 1, timestamp: 0 });
  await seen.until(() => seen.packets.length === 1);
});

it('offers the external address instead of its own, and exactly one fingerprint', async () => {
  const { leg } = await open({ externalAddress: '198.51.100.1' });
  expect(leg.localSdp.match(/a=candidate:.*/g)).toEqual([
    expect.stringMatching(/^a=candidate:1 1 udp 2130706431 198\.51\.100\.1 \d+ typ host generation 0$/),
  ]);
  expect(leg.localSdp.match(/a=fingerprint:.*/g)).toEqual([
    expect.stringMatching(/^a=fingerprint:sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
  ]);
  // RFC 8839 section 5.4: ice-chars only; 48 and 192 bits of them.
  expect(leg.localSdp).toMatch(/a=ice-ufrag:[A-Za-z0-9+/]{8}\r\na=ice-pwd:[A-Za-z0-9+/]{32}\r\n/);
});

it('says WEBRTC_BIND when the address is not ours or the ports are taken', async () => {
  await expect(open({ bindAddress: '203.0.113.1' })).rejects.toMatchObject({ code: 'WEBRTC_BIND' });
  const { leg } = await open();
  const port = Number(/m=audio (\d+)/.exec(leg.localSdp)?.[1]);
  await expect(open({ portMin: port, portMax: port })).rejects.toMatchObject({
    code: 'WEBRTC_BIND',
    detail: { address: '127.0.0.1', ports: `${port}-${port}` },
  });
});

it('ends only its own call when the taker of a packet throws', async () => {
  const seen = new Recorder();
  const { leg } = await open({
    events: {
      ...seen.events(),
      onDatagram: () => {
        throw new Error('boom');
      },
    },
  });
  const peer = await peerOf(leg);
  leg.applyAnswer(peer.answer());
  await seen.until(() => seen.states.includes('secure'));
  await peer.secure;
  peer.send(Buffer.from('x'), { sequenceNumber: 1, timestamp: 0 });
  await seen.until(() => leg.state === 'failed');
  expect(seen.states.at(-1)).toBe('failed: bug: Error: boom');
});

it('fails at once when the answer has no candidate that it could reach', async () => {
  const { leg, seen } = await open();
  const peer = await peerOf(leg);
  leg.applyAnswer(
    peer.answer().replace(/a=candidate.*udp.*\r\n/g, 'a=candidate:1 1 udp 1 nowhere.local 9 typ host\r\n'),
  );
  await seen.until(() => leg.state === 'failed');
  expect(seen.states.at(-1)).toContain('ice');
});

it('fails, naming the fingerprint, when the certificate is not the announced one', async () => {
  const { leg, seen } = await open();
  const peer = await peerOf(leg);
  leg.applyAnswer(peer.answer({ fingerprint: Array(32).fill('AB').join(':') }));
  await seen.until(() => seen.states.some((state) => state.startsWith('failed')));
  expect(seen.states.at(-1)).toContain('fingerprint');
  expect(seen.keys).toBeUndefined();
});

it('fails when nobody answers the checks within the set-up time', async () => {
  const { leg, seen } = await open({ setupTimeoutMs: 300 });
  const peer = await peerOf(leg);
  leg.applyAnswer(peer.answer({ pwd: 'wrongWrongWrongWrongWrong' }));
  await seen.until(() => seen.states.some((state) => state.startsWith('failed')));
  expect(seen.states.at(-1)).toMatch(/timed out|ice/);
});

it('answers nonsense with the line that is missing, and stays usable', async () => {
  const { leg, seen } = await open();
  const peer = await peerOf(leg);
  const broken = leg.applyAnswer(peer.answer().replace(/a=ice-pwd.*\r\n/g, ''));
  expect(broken).toMatchObject({ ok: false, error: { code: 'SDP_NO_ICE', detail: { line: 'a=ice-pwd' } } });
  expect(leg.applyAnswer('garbage')).toMatchObject({ ok: false, error: { code: 'SDP_MALFORMED' } });
  expect(leg.applyAnswer(peer.answer().replaceAll('\r\n', '\n')).ok).toBe(true);
  await seen.until(() => seen.states.includes('secure'));
  expect(leg.applyAnswer(peer.answer())).toMatchObject({ ok: false, error: { code: 'WEBRTC_STATE' } });
});
