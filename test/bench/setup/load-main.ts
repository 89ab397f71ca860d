import { setTimeout as sleep } from 'node:timers/promises';
import { DeskPhone, MetaSimulator, type PhoneCall } from '../../../src/sim/index.ts';
import type { LoadCommand, LoadEvent, Stretch } from './load-protocol.ts';

/**
 * The process that makes calls: consumers behind Meta's simulator (real webhooks, Graph, ICE, DTLS-SRTP, Opus) and a
 * desk phone (real SIP and RTP). Both ends are here, so that one clock measures from one to the other.
 */
const PATIENCE_MS = 10_000;
/** How long a phone rings where nobody wants to talk, ms. */
const RING_MS = 50;

const simulator = await MetaSimulator.start({
  pageId: '102030405060708',
  accessToken: 'bench-page-token',
  appSecret: 'bench-app-secret',
  appId: 'app',
  requireAppSecretProof: true,
});
const phone = await DeskPhone.start({ codecs: ['PCMU'], toneHz: 620, behaviour: 'never' });
const rung = new Map<string, (leg: PhoneCall, atMs: number) => void>();
void (async () => {
  for (;;) {
    const leg = await phone.nextCall();
    const id = leg.header('x-meta-call-id') ?? '';
    rung.get(id)?.(leg, performance.now());
    rung.delete(id);
  }
})();
let made = 0;

async function one(audio: boolean): Promise<{ inviteMs: number; twoWayMs: number }> {
  const consumer = simulator.consumer({ psid: String(10_000_000 + made++), name: 'Amina Otieno' });
  const ringing = Promise.withResolvers<{ leg: PhoneCall; atMs: number }>();
  const began = performance.now();
  const call = consumer.call({ toneHz: 440 });
  rung.set(call.id, (leg, atMs) => ringing.resolve({ leg, atMs }));
  const late = new AbortController();
  const tooLate = sleep(PATIENCE_MS, undefined, { signal: late.signal }).then(() => {
    throw new Error('too late');
  });
  tooLate.catch(() => {});
  try {
    const { leg, atMs } = await Promise.race([ringing.promise, tooLate]);
    const inviteMs = atMs - began;
    if (!audio) {
      await sleep(RING_MS);
      return { inviteMs, twoWayMs: Number.NaN };
    }
    const picked = performance.now();
    void leg.answer();
    await Promise.race([Promise.all([call.firstAudio, leg.firstAudio]), tooLate]);
    return { inviteMs, twoWayMs: performance.now() - picked };
  } finally {
    late.abort();
    rung.delete(call.id);
    await call.hangup();
  }
}

async function run(rate: number, calls: number, audio: boolean): Promise<Stretch> {
  const inviteMs: number[] = [];
  const twoWayMs: number[] = [];
  const running: Promise<void>[] = [];
  let failed = 0;
  const cpu = process.cpuUsage();
  const began = performance.now();
  while (running.length < calls) {
    const due = Math.min(calls, Math.ceil(((performance.now() - began) * rate) / 1000));
    while (running.length < due) {
      running.push(
        one(audio).then(
          (times) => {
            inviteMs.push(times.inviteMs);
            if (audio) twoWayMs.push(times.twoWayMs);
          },
          () => {
            failed += 1;
          },
        ),
      );
    }
    await sleep(1);
  }
  const startedWithinS = (performance.now() - began) / 1000;
  await Promise.all(running);
  const { user, system } = process.cpuUsage(cpu);
  const ownCpuShare = (user + system) / 1000 / (performance.now() - began);
  return { inviteMs, twoWayMs, failed, startedWithinS, ownCpuShare };
}

const send = (event: LoadEvent): void => void process.send?.(event);
process.on('message', (command: LoadCommand) => {
  if (command.type === 'webhook') return simulator.setWebhookUrl(command.url);
  void run(command.rate, command.calls, command.audio).then((stretch) => send({ type: 'done', stretch }));
});
process.on('disconnect', () => process.exit());
send({ type: 'ready', graphUrl: simulator.graphUrl, phonePort: phone.port });
