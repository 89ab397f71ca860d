import { afterEach, describe, expect, it } from 'vitest';
import type { DeskPhoneOptions, PhoneCall } from '../../src/sim/index.ts';
import { caller, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

type Dtmf = 'auto' | 'rfc4733' | 'info' | 'inband';
type World = Awaited<ReturnType<typeof start>>;

/** What the gateway says of keys to its debug log: `phone 5`. */
interface Told {
  readonly keys: string[];
  /** Every other line, as text. */
  readonly lines: string[];
}

function recorder(told: Told): NonNullable<NonNullable<Parameters<typeof start>[0]>['log']> {
  const line =
    (level: string) =>
    (fields: object, event: string): void => {
      const { from, digit } = fields as { readonly from?: string; readonly digit?: string };
      if (level === 'debug' && event === 'call.dtmf') told.keys.push(`${from} ${digit}`);
      else told.lines.push(`${event} ${JSON.stringify(fields)}`);
    };
  const log = {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: () => log,
    flush: () => Promise.resolve(),
  };
  return log;
}

/** A call between a consumer and a phone of a trunk with that method; both talk. */
async function talk(
  dtmf: Dtmf,
  options: { codec?: 'PCMU' | 'G722' | 'opus'; phone?: Partial<DeskPhoneOptions>; named?: boolean } = {},
): Promise<{ world: World; call: ReturnType<typeof ring>; phone: PhoneCall; told: Told }> {
  const { codec = 'PCMU', phone: desk = {}, named = false } = options;
  const told: Told = { keys: [], lines: [] };
  const world = await start({
    codecs: [codec],
    phones: [desk],
    log: recorder(told),
    configure: (yaml) => {
      for (const trunk of Object.values(yaml['trunks'] as Record<string, Record<string, unknown>>)) {
        trunk['dtmf'] = dtmf;
      }
    },
  });
  const call = ring(world, named);
  const phone = await world.phones[0]?.nextCall();
  if (!phone) throw new Error('no phone');
  await Promise.all([call.firstAudio, phone.firstAudio]);
  return { world, call, phone, told };
}

const ring = (world: World, named: boolean) =>
  world.simulator
    .consumer(caller)
    .call({ toneHz: 440, ...(named ? { reply: { telephoneEvent: true } } : {}) });

async function hangUp(world: World, call: ReturnType<typeof ring>): Promise<void> {
  await call.hangup();
  await world.nextRecord();
  await until(() => world.gateway.calls === 0);
}

describe.each([
  ['rfc4733', 'PCMU', {}],
  ['rfc4733', 'opus', {}],
  ['info', 'PCMU', {}],
  ['inband', 'PCMU', { inbandDtmf: true }],
  ['inband', 'G722', { inbandDtmf: true }],
  ['inband', 'opus', { inbandDtmf: true }],
] as const)('a trunk with dtmf: %s, %s', (dtmf, codec, desk) => {
  it('carries keys both ways, each side and the gateway telling the same', async () => {
    const { world, call, phone, told } = await talk(dtmf, { codec, phone: desk, named: true });
    await call.sendDtmf('159*');
    await until(() => phone.heard().dtmf === '159*');
    expect(phone.infos).toBe(dtmf === 'info' ? 4 : 0);
    await phone.press('7#D', dtmf);
    await until(() => call.relay()?.keys === '7#D');
    await until(() => told.keys.length === 7);
    expect(told.keys.filter((key) => key.startsWith('consumer')).join()).toBe(
      'consumer 1,consumer 5,consumer 9,consumer *',
    );
    expect(told.keys.filter((key) => key.startsWith('phone')).join()).toBe('phone 7,phone #,phone D');
    expect(call.relay()).toMatchObject({ strays: 0 });
    expect(phone.strays).toBe(0);
    await hangUp(world, call);
  });
});

it('takes a key once that the PBX tells of by two methods at a time', async () => {
  const { world, call, phone, told } = await talk('inband', { phone: { inbandDtmf: true }, named: true });
  await phone.press('11', 'info', 'inband');
  await until(() => call.relay()?.keys === '11');
  await phone.press('2', 'inband');
  await until(() => call.relay()?.keys === '112');
  expect(told.keys).toEqual(['phone 1', 'phone 1', 'phone 2']);
  await hangUp(world, call);
  const other = await talk('auto', { named: true });
  await other.phone.press('11', 'info', 'rfc4733');
  await until(() => other.call.relay()?.keys === '11');
  await other.phone.press('3', 'rfc4733');
  await until(() => other.call.relay()?.keys === '113');
  expect(other.told.keys).toEqual(['phone 1', 'phone 1', 'phone 3']);
  await hangUp(other.world, other.call);
});

it.each([
  ['telephone-event where the phone has it', {}, 0],
  ['INFO where it has not', { telephoneEvent: false }, 2],
] as const)('by itself takes %s', async (_, desk, infos) => {
  const { world, call, phone } = await talk('auto', { phone: desk });
  await call.sendDtmf('42');
  await until(() => phone.heard().dtmf === '42');
  expect(phone.infos).toBe(infos);
  await hangUp(world, call);
});

it('sends the consumer no event that Meta did not name, and says no key above debug', async () => {
  const { world, call, phone, told } = await talk('auto');
  await phone.press('4', 'rfc4733');
  await until(() => told.keys.length === 1);
  await call.sendDtmf('6');
  await until(() => phone.heard().dtmf === '6');
  expect(call.relay()).toMatchObject({ keys: '', strays: 0 });
  await hangUp(world, call);
  expect(told.lines.filter((line) => /"digits?"/.test(line))).toEqual([]);
});
