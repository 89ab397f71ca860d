import { afterEach, describe, expect, it } from 'vitest';
import { caller, until, worlds } from '../e2e/world.ts';
import { hasPeers } from '../support/peer.ts';
import { Baresip } from './support/baresip.ts';
import { scenario, sipp } from './support/sipp.ts';

const { start, closeAll } = worlds();
const phones: Baresip[] = [];
afterEach(async () => {
  await closeAll();
  for (const phone of phones.splice(0)) await phone.close();
});

type World = Awaited<ReturnType<typeof start>>;

function worldOf(port: number, dtmf: string, codec: 'PCMU' | 'opus' = 'PCMU'): Promise<World> {
  return start({
    codecs: [codec],
    phone: { user: 'desk', host: '127.0.0.1', port },
    configure: (yaml) => {
      for (const trunk of Object.values(yaml['trunks'] as Record<string, Record<string, unknown>>)) {
        trunk['dtmf'] = dtmf;
        // sipp's scenario would take the first OPTIONS for its call.
        trunk['qualify'] = { everyS: 0 };
      }
    },
  });
}

describe.runIf(hasPeers('baresip'))('baresip', () => {
  it.each([
    ['info', 'PCMU/8000/1', 'g711', 'PCMU'],
    ['rfc4733', 'PCMU/8000/1', 'g711', 'PCMU'],
    ['rfc4733', 'opus/48000/2', 'opus', 'opus'],
  ] as const)("hears the consumer's keys by %s, %s", async (dtmf, codec, module, ours) => {
    const phone = await Baresip.start({ codec, module, toneHz: 700 });
    phones.push(phone);
    const world = await worldOf(phone.port, dtmf, ours);
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await phone.event('CALL_ESTABLISHED');
    await call.firstAudio;
    await call.sendDtmf('159#');
    const keys = (): string =>
      phone.events.flatMap(({ type, param }) => (type === 'CALL_DTMF_START' ? [param] : [])).join('');
    await until(() => keys().length >= 4);
    expect(keys()).toBe('159#');
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({ dtmfDigits: 4 });
    await until(() => world.gateway.calls === 0);
  });

  it.each([
    ['PCMU/8000/1', 'g711', 'PCMU'],
    ['opus/48000/2', 'opus', 'opus'],
  ] as const)('presses keys that reach the consumer as events, %s', async (codec, module, ours) => {
    const phone = await Baresip.start({ codec, module, toneHz: 700 });
    phones.push(phone);
    const world = await worldOf(phone.port, 'auto', ours);
    const call = world.simulator.consumer(caller).call({ toneHz: 440, reply: { telephoneEvent: true } });
    await phone.event('CALL_ESTABLISHED');
    await call.firstAudio;
    phone.press('27*');
    await until(() => (call.relay()?.keys.length ?? 0) >= 3);
    expect(call.relay()).toMatchObject({ keys: '27*', strays: 0 });
    await call.hangup();
    await world.nextRecord();
    await until(() => world.gateway.calls === 0);
  });
});

it.runIf(hasPeers('sipp'))(
  'tells sipp keys by INFO, one after the other, and takes its own in every form',
  async () => {
    const phone = await sipp(scenario('uas-dtmf.xml'));
    const world = await worldOf(phone.port, 'auto');
    const call = world.simulator.consumer(caller).call({ toneHz: 440, reply: { telephoneEvent: true } });
    await call.connected;
    await call.firstAudio;
    await call.sendDtmf('5#');
    await until(() => call.relay()?.keys === '7#');
    await call.hangup();
    await phone.done;
    expect(await world.nextRecord()).toMatchObject({ dtmfDigits: 2 });
    await until(() => world.gateway.calls === 0);
  },
);
