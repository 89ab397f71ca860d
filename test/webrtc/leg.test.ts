import { afterEach, expect, it } from 'vitest';
import { RtpHeader, SrtpSession } from 'werift';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { openWebrtcLeg, type SrtpKeys, type WebrtcLeg, type WebrtcState } from '../../src/webrtc/index.ts';
import { LitePeer } from './lite-peer.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

class Recorder {
  readonly states: string[] = [];
  readonly packets: Buffer[] = [];
  readonly plans: { receive: unknown; send: unknown }[] = [];
  keys: SrtpKeys | undefined;
  #waiters: (() => void)[] = [];

  events() {
    return {
      onState: (state: WebrtcState, reason?: string) =>
        this.#note(() => this.states.push(reason ? `${state}: ${reason}` : state)),
      onKeys: (keys: SrtpKeys) => this.#note(() => (this.keys = keys)),
      onDatagram: (packet: Uint8Array) => this.#note(() => this.packets.push(Buffer.from(packet))),
      onPlan: (plan: { receive: unknown; send: unknown }) => this.#note(() => this.plans.push(plan)),
    };
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  #note(act: () => unknown): void {
    act();
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

async function open(setupTimeoutMs = 15_000): Promise<{ leg: WebrtcLeg; seen: Recorder }> {
  const seen = new Recorder();
  const leg = await openWebrtcLeg({
    bindAddress: '127.0.0.1',
    setupTimeoutMs,
    clock: systemClock,
    log: silentLog,
    events: seen.events(),
  });
  closers.push(() => leg.close());
  return { leg, seen };
}

async function peerOf(leg: WebrtcLeg, profiles?: number[]): Promise<LitePeer> {
  const peer = await LitePeer.open(leg.offerSdp, profiles);
  closers.push(() => peer.close());
  return peer;
}

/** werift's SRTP with the leg's keys: proves them against the other end's own. */
function srtpOf(keys: SrtpKeys): SrtpSession {
  return new SrtpSession({
    profile: keys.profile === 'AEAD_AES_128_GCM' ? 7 : 1,
    keys: {
      localMasterKey: Buffer.from(keys.local.key),
      localMasterSalt: Buffer.from(keys.local.salt),
      remoteMasterKey: Buffer.from(keys.remote.key),
      remoteMasterSalt: Buffer.from(keys.remote.salt),
    },
  });
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
    if (!seen.keys) throw new Error('no keys');
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
    leg.send(ours.encrypt(Buffer.from('from the phone'), header));
    const [packet] = await peer.rtp(1);
    expect(packet?.payload.toString()).toBe('from the phone');
  },
);

it('applies a renegotiation with another ufrag while packets flow, and finds the consumer on the new line', async () => {
  const { leg, seen } = await open();
  const peer = await peerOf(leg);
  leg.applyAnswer(peer.answer());
  const applied = leg.applyRenegotiation(peer.renegotiation('LiteUfrag//103'));
  expect(applied.ok && applied.value.answerSdp).toContain('a=group:BUNDLE 0 1');
  await seen.until(() => seen.states.includes('secure'));
  expect(seen.plans).toHaveLength(2);
  expect(seen.plans[1]?.receive).toMatchObject({ ssrc: 3100224466, mid: '1', midExtensionId: 4 });
  expect(seen.plans[1]?.send).toMatchObject({ mid: '0', maxAverageBitrate: 20_000, ssrc: leg.ssrc });
  await peer.secure;
  peer.send(Buffer.from('after'), { sequenceNumber: 1, timestamp: 0 });
  await seen.until(() => seen.packets.length === 1);
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
  const { leg, seen } = await open(300);
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

it.each(['new', 'ice-checking', 'ice-connected', 'secure'])(
  'leaves no socket when closed in state %s',
  async (state) => {
    const udp = () => process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap').length;
    const before = udp();
    const { leg, seen } = await open();
    const peer = await peerOf(leg);
    if (state !== 'new') {
      leg.applyAnswer(peer.answer());
      await seen.until(() => leg.state === state || leg.state === 'secure');
    }
    await leg.close();
    await leg.close();
    expect(leg.state).toBe('closed');
    await peer.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(udp()).toBe(before);
  },
);
