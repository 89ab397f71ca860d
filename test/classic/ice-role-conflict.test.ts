import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { openWebrtcLeg, type WebrtcLeg } from '../../src/webrtc/index.ts';
import { until } from '../e2e/world.ts';
import { io } from '../support/datagram-io.ts';
import { Recorder } from '../webrtc/recorder.ts';
import { type Credentials, StunPeer } from './support/stun-peer.ts';

const legs: WebrtcLeg[] = [];
afterEach(async () => {
  for (const leg of legs.splice(0)) await leg.close();
});

/** Answers of a peer of which only ICE matters here. `lite`: it never checks itself. */
const answerOf = (peer: StunPeer, offer: string, lite: boolean): string =>
  [
    'v=0',
    `o=- ${/^o=- (\d+)/m.exec(offer)?.[1]} 2 IN IP4 127.0.0.1`,
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    ...(lite ? ['a=ice-lite'] : []),
    `m=audio ${peer.port} UDP/TLS/RTP/SAVPF 111`,
    'c=IN IP4 127.0.0.1',
    `a=candidate:1 1 udp 2122260224 127.0.0.1 ${peer.port} typ host`,
    `a=ice-ufrag:${peer.local.ufrag}`,
    `a=ice-pwd:${peer.local.pwd}`,
    `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`,
    'a=setup:passive',
    'a=mid:0',
    'a=sendrecv',
    'a=rtcp-mux',
    'a=rtpmap:111 opus/48000/2',
    '',
  ].join('\r\n');

async function meet(lite: boolean, prepare: (peer: StunPeer) => void = () => {}) {
  const peer = await StunPeer.start();
  prepare(peer);
  const seen = new Recorder();
  const leg = await openWebrtcLeg({
    bindAddress: '127.0.0.1',
    io,
    clock: systemClock,
    log: silentLog,
    events: seen.events(),
  });
  legs.push(leg);
  const line = (name: string): string =>
    new RegExp(`^a=${name}:(.*)$`, 'm').exec(leg.localSdp)?.[1]?.trim() ?? '';
  const gateway: Credentials & { readonly port: number } = {
    ufrag: line('ice-ufrag'),
    pwd: line('ice-pwd'),
    port: Number(/^m=audio (\d+)/m.exec(leg.localSdp)?.[1]),
  };
  expect(leg.applyAnswer(answerOf(peer, leg.localSdp, lite))).toMatchObject({ ok: true });
  return { peer, leg, seen, gateway };
}

const isUp = ({ seen }: { readonly seen: Recorder }): Promise<void> =>
  seen.until(() => seen.states.includes('ice-connected'));

it('towards an agent that is lite the gateway controls, with one tie-breaker, and nominates', async () => {
  const met = await meet(true);
  await isUp(met);
  const { requests } = met.peer;
  expect(requests.every(({ role }) => role === 'controlling')).toBe(true);
  expect(new Set(requests.map(({ tieBreaker }) => tieBreaker)).size).toBe(1);
  expect(requests.some(({ nominates }) => nominates)).toBe(true);
});

it('told 487, it changes its role and checks again (RFC 8445 7.2.5.1); the other side nominates then', async () => {
  const met = await meet(false, (peer) => {
    peer.answer = ({ role }) => (role === 'controlling' ? 487 : 'success');
  });
  await until(() => met.peer.requests.some(({ role }) => role === 'controlled'));
  met.peer.check(met.gateway, met.gateway, 'controlling', { tieBreaker: 1n, nominate: true });
  await isUp(met);
});

describe('a peer that controls, too', () => {
  it('with the smaller tie-breaker is told 487, and the gateway goes on controlling', async () => {
    const met = await meet(false, (peer) => {
      peer.answer = () => undefined;
    });
    await until(() => met.peer.requests.length > 0);
    met.peer.check(met.gateway, met.gateway, 'controlling', { tieBreaker: 0n });
    await until(() => met.peer.received.some(({ errorCode }) => errorCode === 487));
    met.peer.answer = () => 'success';
    await isUp(met);
    expect(met.peer.requests.at(-1)?.role).toBe('controlling');
  });

  it('with the greater one is answered, and the gateway gives way', async () => {
    const met = await meet(false, (peer) => {
      peer.answer = () => undefined;
    });
    await until(() => met.peer.requests.length > 0);
    met.peer.check(met.gateway, met.gateway, 'controlling', { tieBreaker: 2n ** 64n - 1n });
    await until(() => met.peer.received.some(({ kind }) => kind === 'success'));
    expect(met.peer.received.some(({ errorCode }) => errorCode === 487)).toBe(false);
    met.peer.answer = ({ role }) => (role === 'controlling' ? 487 : 'success');
    await until(() => met.peer.requests.at(-1)?.role === 'controlled');
    met.peer.check(met.gateway, met.gateway, 'controlling', { tieBreaker: 2n ** 64n - 1n, nominate: true });
    await isUp(met);
  });

  it('but without our password changes nothing', async () => {
    const met = await meet(true, (peer) => {
      peer.answer = () => undefined;
    });
    await until(() => met.peer.requests.length > 0);
    const forged = { ...met.gateway, pwd: 'wrongWrongWrongWrongWrong' };
    met.peer.check(met.gateway, forged, 'controlling', { tieBreaker: 2n ** 64n - 1n, nominate: true });
    met.peer.answer = () => 'success';
    await isUp(met);
    expect(met.peer.received.every(({ kind }) => kind === 'request')).toBe(true);
    expect(met.peer.requests.every(({ role }) => role === 'controlling')).toBe(true);
  });
});
