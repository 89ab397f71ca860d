import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import wrtc from '@roamhq/wrtc';
import { afterEach, expect, it } from 'vitest';
import { DEMO_PAGE } from '../../src/cli/demo/world.ts';
import { dominantFrequency, Tone } from '../../src/media/index.ts';
import { caller, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
const closers: (() => void)[] = [];
afterEach(async () => {
  await closeAll();
  for (const close of closers.splice(0)) close();
});

/** A consumer that is the WebRTC of browsers and of Meta's own apps: a tone in, an ear out. */
class LibwebrtcConsumer {
  readonly #pc = new wrtc.RTCPeerConnection();
  readonly #source = new wrtc.nonstandard.RTCAudioSource();
  readonly #heard: number[] = [];
  #rate = 48_000;
  #timer: NodeJS.Timeout | undefined;
  #sink: { stop(): void } | undefined;

  async answer(offer: string, toneHz: number): Promise<string> {
    this.#pc.ontrack = ({ track }: { readonly track: unknown }) => {
      const sink = new wrtc.nonstandard.RTCAudioSink(track as never);
      this.#sink = sink;
      sink.ondata = ({ samples, sampleRate }: { samples: Int16Array; sampleRate: number }) => {
        this.#rate = sampleRate;
        this.#heard.push(...samples);
      };
    };
    await this.#pc.setRemoteDescription({ type: 'offer', sdp: offer });
    this.#pc.addTrack(this.#source.createTrack());
    const answer = await this.#pc.createAnswer();
    // Meta's relay is the DTLS server.
    await this.#pc.setLocalDescription({
      type: 'answer',
      sdp: (answer.sdp ?? '').replaceAll('a=setup:active', 'a=setup:passive'),
    });
    await new Promise<void>((resolve) => {
      if (this.#pc.iceGatheringState === 'complete') return resolve();
      this.#pc.onicegatheringstatechange = () => {
        if (this.#pc.iceGatheringState === 'complete') resolve();
      };
    });
    const tone = new Tone(toneHz, 48_000);
    const samples = new Int16Array(480);
    this.#timer = setInterval(() => {
      tone.fill(samples, 480);
      this.#source.onData({
        samples,
        sampleRate: 48_000,
        bitsPerSample: 16,
        channelCount: 1,
        numberOfFrames: 480,
      });
    }, 10);
    return this.#pc.localDescription?.sdp ?? '';
  }

  /** Seconds heard so far. */
  get seconds(): number {
    return this.#heard.length / this.#rate;
  }

  heardHz(): number {
    return dominantFrequency(Int16Array.from(this.#heard.slice(-this.#rate)), this.#rate);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#sink?.stop();
    this.#pc.close();
  }
}

/** Graph with a libwebrtc behind it: the strictness is the simulator's affair. */
async function graphOf(
  consumer: LibwebrtcConsumer,
): Promise<{ url: string; actions: string[]; server: Server }> {
  const actions: string[] = [];
  const server = createServer(async (request, response) => {
    const isPermission = request.url?.includes('/messenger_call_permissions') === true;
    const body =
      request.method === 'POST'
        ? JSON.parse(await text(request))
        : { action: isPermission ? 'permission' : 'profile' };
    actions.push(body.action);
    const session =
      body.action === 'accept' || body.action === 'connect'
        ? { sdp_response: { sdp_type: 'answer', sdp: await consumer.answer(body.session.sdp, 440) } }
        : undefined;
    response.setHeader('content-type', 'application/json');
    const replies: Readonly<Record<string, object>> = {
      profile: { name: 'Amina Otieno' },
      permission: { permission: { status: 'HAS_PERMISSION' } },
      connect: { success: true, id: 'c_libwebrtc', session },
    };
    response.end(JSON.stringify(replies[body.action] ?? { success: true, session }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, actions, server };
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

it.each(['PCMU', 'G722', 'opus'] as const)(
  'a real libwebrtc consumer and a %s phone hear each other',
  async (codec) => {
    const consumer = new LibwebrtcConsumer();
    const graph = await graphOf(consumer);
    closers.push(
      () => consumer.close(),
      () => graph.server.close(),
      () => graph.server.closeAllConnections(),
    );
    const world = await start({
      codecs: [codec],
      configure: (yaml) => {
        (yaml['meta'] as Record<string, unknown>)['graphUrl'] = graph.url;
        // libwebrtc gathers the machine's addresses, not loopback's.
        delete (yaml['webrtc'] as Record<string, unknown>)['bindAddress'];
      },
    });
    const event = (): { id: string; timestamp: number } => ({
      id: 'c_libwebrtc',
      timestamp: Math.floor(Date.now() / 1000),
    });
    const { webhooks } = world.simulator;
    await webhooks.call(DEMO_PAGE, {
      ...event(),
      event: 'connect',
      from: caller.psid,
      to: DEMO_PAGE,
      call_direction: 'user_initiated',
    });
    const phone = await world.phones[0]?.nextCall();
    await phone?.firstAudio;
    await until(() => consumer.seconds > 2 && (phone?.heard().rxPackets ?? 0) > 120);
    expect(Math.abs(consumer.heardHz() / 620 - 1)).toBeLessThan(0.02);
    expect(Math.abs((phone?.heard().heardHz ?? 0) / 440 - 1)).toBeLessThan(0.02);
    await phone?.hangup();
    await until(() => graph.actions.includes('terminate'));
    await webhooks.call(DEMO_PAGE, { ...event(), event: 'terminate', status: 'Completed', duration: 2 });
    expect(await world.nextRecord()).toMatchObject({ cause: 'phone-hangup', answered: true });
    await until(() => world.gateway.calls === 0);
    expect(graph.actions.filter((action) => action !== 'profile')).toEqual(['accept', 'terminate']);
  },
);

it('a phone calls a real libwebrtc consumer, and both hear each other once somebody picks up', async () => {
  const consumer = new LibwebrtcConsumer();
  const graph = await graphOf(consumer);
  closers.push(
    () => consumer.close(),
    () => graph.server.close(),
    () => graph.server.closeAllConnections(),
  );
  const world = await start({
    configure: (yaml) => {
      (yaml['meta'] as Record<string, unknown>)['graphUrl'] = graph.url;
      delete (yaml['webrtc'] as Record<string, unknown>)['bindAddress'];
      yaml['outbound'] = { rules: [{ trunk: 'phone1', page: DEMO_PAGE }] };
    },
  });
  const { webhooks } = world.simulator;
  const tell = (event: 'connect' | 'call_status' | 'terminate', more: object): Promise<void> =>
    webhooks.call(DEMO_PAGE, {
      id: 'c_libwebrtc',
      timestamp: Math.floor(Date.now() / 1000),
      event,
      ...more,
    });
  const [at] = world.gateway.sipContacts;
  const phone = await world.phones[0]?.dial({
    number: caller.psid,
    host: at?.address ?? '',
    port: at?.port ?? 0,
  });
  if (!phone) throw new Error('no phone');
  await until(() => graph.actions.includes('connect'));
  await tell('connect', { from: DEMO_PAGE, to: caller.psid, call_direction: 'business_initiated' });
  await tell('call_status', { recipient_id: caller.psid, call_status: 'ringing' });
  await phone.ringing;
  expect(phone.heard().rxPackets, 'nothing is heard before the pickup').toBe(0);
  await tell('call_status', { recipient_id: caller.psid, call_status: 'accepted' });
  await phone.answered;
  await until(() => consumer.seconds > 3 && phone.heard().rxPackets > 120);
  expect(Math.abs(consumer.heardHz() / 620 - 1)).toBeLessThan(0.02);
  expect(Math.abs(phone.heard().heardHz / 440 - 1)).toBeLessThan(0.02);
  await tell('terminate', { status: 'Completed', duration: 3 });
  expect(await phone.ended).toMatchObject({ how: 'BYE' });
  expect(await world.nextRecord()).toMatchObject({ cause: 'consumer-hangup', answered: true });
  await until(() => world.gateway.calls === 0);
  expect(graph.actions).toEqual(['permission', 'connect']);
});
