import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import type { World } from '../../src/cli/demo/world.ts';
import { Tone, wavBytes } from '../../src/media/index.ts';
import type { ConsumerCall } from '../../src/sim/index.ts';
import type { Message } from '../sip/support/peer.ts';
import { CONSUMER_HZ, FIRST_HZ, SECOND_HZ } from './two-phones.ts';
import { consumerHears, hearEachOther, WirePhone } from './wire-phone.ts';
import { caller, gone, until, worlds } from './world.ts';

/** Calls take as long as they last, on a machine that may be busy. */
vi.setConfig({ testTimeout: 90_000 });

const WELCOME_HZ = 1_100;

const { start, closeAll } = worlds();
afterEach(closeAll);
const root = mkdtempSync(join(tmpdir(), 'routes-'));
afterAll(() => rmSync(root, { recursive: true }));
const welcome = join(root, 'welcome.wav');
const pcm = new Int16Array(16_000);
new Tone(WELCOME_HZ, 16_000).fill(pcm, pcm.length);
writeFileSync(welcome, wavBytes({ sampleRate: 16_000, channels: 1, pcm }));

interface Night {
  readonly world: World;
  readonly call: ConsumerCall;
  readonly first: WirePhone;
  readonly second: WirePhone;
  readonly invite: Message;
}

/** The phone of the route `desk` is busy, and that of `night` answers. */
async function atNight(desk: object, night: object): Promise<Night> {
  const first = await WirePhone.start(FIRST_HZ);
  const second = await WirePhone.start(SECOND_HZ);
  const world = await start({
    phones: [],
    configure: (yaml) => {
      const common = { host: '127.0.0.1', codecs: ['PCMU'], transferTo: ['2??'] };
      yaml['trunks'] = {
        first: { ...common, port: first.port },
        second: { ...common, port: second.port },
      };
      yaml['recording'] = { directory: mkdtempSync(join(root, 'a-')), consentToneMs: 0 };
      yaml['sounds'] = { files: { welcome } };
      yaml['routes'] = {
        desk: { targets: [{ trunk: 'first', user: '100' }], onBusy: { route: 'night' }, ...desk },
        night: { targets: [{ trunk: 'second', user: '200' }], ...night },
      };
    },
  });
  const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
  const busy = await first.peer.request('INVITE');
  first.peer.respond(busy, 486);
  const invite = await second.answer();
  return { world, call, first, second, invite };
}

async function recordings({ world, call, second }: Night): Promise<number> {
  await hearEachOther(second, call, CONSUMER_HZ);
  await Promise.all([second.byeComes(), call.hangup()]);
  const { recordings: files = [] } = (await world.nextRecord()) as { recordings?: readonly object[] };
  await gone(world);
  return files.length;
}

it('is the one whose phone answered: it says what is announced, who transfers, and that nothing is recorded', async () => {
  const night = await atNight({ recording: 'always' }, { announcement: 'welcome', transfer: 'pbx' });
  const { world, call, second } = night;
  await until(() => consumerHears(call, WELCOME_HZ));
  const reply = await fetch(`${world.gateway.adminUrl}/calls/${encodeURIComponent(call.id)}/transfer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ to: '201' }),
  });
  expect(await reply.json()).toMatchObject({ to: 'second/201', mode: 'pbx' });
  second.peer.respond(await second.peer.request('REFER'), 603);
  expect(await recordings(night)).toBe(0);
});

it('and that the call is recorded, where the first route says nothing of it', async () => {
  expect(await recordings(await atNight({ announcement: 'welcome' }, { recording: 'always' }))).toBe(1);
});

it('a transfer has no route: the recording goes on with the next phone', async () => {
  const night = await atNight({}, { recording: 'always' });
  const { world, call, first, second, invite } = night;
  await hearEachOther(second, call, CONSUMER_HZ);
  second.refer(invite, `<sip:201@127.0.0.1:${first.port}>`);
  await second.peer.response(202, 'REFER');
  const told = second.allNotified();
  await first.answer();
  await told;
  await second.hangUp(invite);
  await hearEachOther(first, call, CONSUMER_HZ);
  await Promise.all([first.byeComes(), call.hangup()]);
  expect(await world.nextRecord()).toMatchObject({
    transfers: [{ outcome: 'done' }],
    recordings: [{ complete: true }],
  });
  await gone(world);
});
