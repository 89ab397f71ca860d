import { createSocket } from 'node:dgram';
import { expect, it } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { openWebrtcLeg, type WebrtcLeg, type WebrtcState } from '../../src/webrtc/index.ts';
import { answerB, FINGERPRINT } from '../sdp/meta-templates.ts';
import { io } from '../support/datagram-io.ts';
import { LibwebrtcPeer } from './libwebrtc.ts';
import { Recorder } from './recorder.ts';

/** Sockets and timers of this process; libwebrtc's own are not among them. */
function resources(): string[] {
  return process.getActiveResourcesInfo().filter((name) => name === 'UDPWrap' || name === 'Timeout');
}

async function settled(before: readonly string[]): Promise<void> {
  while (resources().length > before.length) await new Promise((resolve) => setImmediate(resolve));
}

async function open(clock: FakeClock, onState?: (state: WebrtcState) => void) {
  const seen = new Recorder();
  const events = seen.events();
  const leg = await openWebrtcLeg({
    io,
    clock,
    log: silentLog,
    events: {
      ...events,
      onState: (state, reason) => {
        events.onState(state, reason);
        onState?.(state);
      },
    },
  });
  return { leg, seen };
}

it('leaves nothing when closed before there is an answer', async () => {
  const before = resources();
  const clock = new FakeClock();
  const { leg, seen } = await open(clock);
  await Promise.all([leg.close(), leg.close()]);
  expect(seen.states).toEqual(['closed']);
  expect(clock.armed).toBe(0);
  await settled(before);
});

it('leaves nothing when closed while nobody answers its checks', async () => {
  const silent = createSocket('udp4');
  const asked = new Promise((resolve) => silent.once('message', resolve));
  await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve));
  const before = resources();
  const clock = new FakeClock();
  const { leg, seen } = await open(clock);
  const answer = answerB().replaceAll('198.51.100.20 40007', `127.0.0.1 ${silent.address().port}`);
  expect(answer).toContain(FINGERPRINT);
  expect(leg.applyAnswer(answer)).toMatchObject({ ok: true });
  await asked;
  await leg.close();
  expect(seen.states).toEqual(['ice-checking', 'closed']);
  expect(clock.armed).toBe(0);
  await settled(before);
  silent.close();
});

it.each(['ice-connected', 'secure'] as const)(
  'leaves nothing when closed in the very moment of %s',
  async (when) => {
    const before = resources();
    const clock = new FakeClock();
    const closing = Promise.withResolvers<void>();
    const holder: { leg?: WebrtcLeg } = {};
    const { leg, seen } = await open(clock, (state) => {
      if (state === when) closing.resolve(holder.leg?.close());
    });
    holder.leg = leg;
    const peer = new LibwebrtcPeer();
    leg.applyAnswer(await peer.answer(leg.localSdp));
    await closing.promise;
    expect(seen.states.slice(-2)).toEqual([when, 'closed']);
    expect(seen.keys !== undefined).toBe(when === 'secure');
    expect(clock.armed).toBe(0);
    leg.send(Buffer.alloc(20, 128), 20);
    await settled(before);
    peer.close();
  },
);

it('leaves nothing when the set-up time is over, and says where it stood', async () => {
  const before = resources();
  const clock = new FakeClock();
  const { leg, seen } = await open(clock);
  leg.applyAnswer(answerB().replaceAll('198.51.100.20 40007', '127.0.0.1 9'));
  clock.advance(15_000);
  expect(seen.states).toEqual(['ice-checking', 'failed: setup timed out in state ice-checking']);
  await leg.close();
  expect(seen.states).toHaveLength(2);
  expect(clock.armed).toBe(0);
  await settled(before);
});
