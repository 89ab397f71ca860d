import { afterEach, describe, expect, it } from 'vitest';
import { DEMO_PAGE, type World, type WorldOptions } from '../../src/cli/demo/world.ts';
import { Pbx } from './pbx.ts';
import { caller, until, worlds } from './world.ts';

const { start, closeAll } = worlds({ flows: true });
afterEach(closeAll);

type Yaml = Record<string, Record<string, unknown>>;

/** A world with more trunks than its phones, and this list of targets. */
const withTrunks = (
  trunks: Record<string, object>,
  targets: readonly object[],
  more: WorldOptions & { readonly yaml?: (yaml: Yaml) => void } = {},
): Promise<World> =>
  start({
    ...more,
    configure: (given) => {
      const yaml = given as Yaml;
      for (const [name, trunk] of Object.entries(trunks)) {
        yaml['trunks']![name] = { ...(yaml['trunks']![name] as object), ...trunk };
      }
      yaml['routes'] = { desk: { targets } };
      more.yaml?.(yaml);
    },
  });

interface Seen {
  readonly trunk: string;
  readonly up: boolean;
  readonly why?: string;
  readonly troubles: readonly { readonly source: string; readonly why: string }[];
  readonly calls: { readonly in: number; readonly out: number };
  readonly refused: { readonly full: number; readonly rate: number };
  readonly roundTripMs?: number;
}

/** As an operator sees it. */
async function seen(world: World, name: string): Promise<Seen> {
  const trunks = (await (await fetch(`${world.gateway.adminUrl}/trunks`)).json()) as Seen[];
  const found = trunks.find(({ trunk }) => trunk === name);
  if (!found) throw new Error(`no trunk ${name}`);
  return found;
}

const isUp = async (world: World, name: string): Promise<boolean> => (await seen(world, name)).up;
const gone = (world: World): Promise<void> => until(() => world.gateway.calls === 0);
const metric = async (world: World, line: RegExp): Promise<string | undefined> =>
  line.exec(await (await fetch(`${world.gateway.adminUrl}/metrics`)).text())?.[1];

const QUICK = { everyS: 1, timeoutMs: 1_500, failures: 2 };
const pbxThenPhone = [
  { trunk: 'pbx', user: '200' },
  { trunk: 'phone1', user: '100' },
];

describe('a trunk that goes and comes back', () => {
  it('is left out while it does not answer OPTIONS, and is the first again when it does', async () => {
    const pbx = await Pbx.start();
    const world = await withTrunks({ pbx: pbx.trunk({ qualify: QUICK }) }, pbxThenPhone);
    await until(() => pbx.count('OPTIONS') > 0);
    await until(async () => (await seen(world, 'pbx')).roundTripMs !== undefined);
    pbx.alive = undefined;
    await until(async () => !(await isUp(world, 'pbx')));
    expect(await seen(world, 'pbx')).toMatchObject({
      troubles: [{ source: 'qualify', why: 'OPTIONS: no answer in time' }],
    });
    expect(await metric(world, /^msgw_trunk_up\{trunk="pbx"\} (\d)$/m)).toBe('0');
    expect((await fetch(`${world.gateway.adminUrl}/health/ready`)).status).toBe(200);
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    await Promise.all([call.firstAudio, phone?.firstAudio]);
    await call.hangup();
    await gone(world);
    expect(pbx.count('INVITE')).toBe(0);
    expect(world.records).toMatchObject([{ attempts: [{ target: 'phone1/100' }] }]);

    pbx.alive = { status: 404 };
    await until(() => isUp(world, 'pbx'));
    expect(await seen(world, 'pbx')).toMatchObject({ why: '404 to OPTIONS', troubles: [] });
    expect(await metric(world, /^msgw_trunk_up\{trunk="pbx"\} (\d)$/m)).toBe('1');
    const busy = world.simulator.consumer(caller).call({ toneHz: 440 });
    expect(await busy.ended).toMatchObject({ by: 'business', action: 'reject' });
    await gone(world);
    expect(pbx.count('INVITE')).toBe(1);
    expect(world.phones[0]?.calls).toHaveLength(1);
    expect(world.records.at(-1)).toMatchObject({
      cause: 'busy',
      attempts: [{ target: 'pbx/200', status: 486 }],
    });
  });

  it('is tried all the same when it is the only one', async () => {
    const pbx = await Pbx.start();
    pbx.alive = undefined;
    const world = await withTrunks({ pbx: pbx.trunk({ qualify: { ...QUICK, failures: 1 } }) }, [
      { trunk: 'pbx', user: '200' },
    ]);
    await until(async () => !(await isUp(world, 'pbx')));
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await call.ended;
    expect(await world.nextRecord()).toMatchObject({ cause: 'busy' });
    await gone(world);
    expect(await seen(world, 'pbx'), 'its answer to the call is one').toMatchObject({ why: '486 to INVITE' });
  });

  it('that cannot be connected to is found out by the calls, which reach the next one', async () => {
    const closed = await Pbx.start();
    const world = await withTrunks(
      {
        pbx: closed.trunk({ transport: 'tcp', qualify: { everyS: 0, failures: 2 } }),
      },
      pbxThenPhone,
      {
        yaml: (yaml) => {
          const { listen } = yaml['sip'] as { listen: object[] };
          listen.push({ protocol: 'tcp', address: '127.0.0.1', port: 0 });
        },
      },
    );
    for (const [left, up] of [
      [1, true],
      [0, false],
    ] as const) {
      const call = world.simulator.consumer(caller).call({ toneHz: 440 });
      await call.firstAudio;
      await call.hangup();
      await gone(world);
      expect(await isUp(world, 'pbx'), `${left} failures left`).toBe(up);
    }
    expect(await seen(world, 'pbx')).toMatchObject({ troubles: [{ source: 'congestion' }] });
    const direct = world.simulator.consumer(caller).call({ toneHz: 440 });
    await direct.firstAudio;
    await direct.hangup();
    await gone(world);
    expect(world.records.map(({ attempts }) => (attempts as object[]).length)).toEqual([2, 2, 1]);
  });
});

describe('a PBX that is overloaded', () => {
  it('says 503 with Retry-After: the call goes on to the next, and later calls do not disturb it', async () => {
    const pbx = await Pbx.start();
    pbx.call = { status: 503, headers: { 'Retry-After': '60' } };
    const world = await withTrunks({ pbx: pbx.trunk() }, pbxThenPhone);
    for (const attempts of [
      [{ target: 'pbx/200', status: 503 }, { target: 'phone1/100' }],
      [{ target: 'phone1/100' }],
    ]) {
      const call = world.simulator.consumer(caller).call({ toneHz: 440 });
      await call.firstAudio;
      await call.hangup();
      expect(await world.nextRecord()).toMatchObject({ answered: true, attempts });
      await gone(world);
    }
    expect(pbx.count('INVITE')).toBe(1);
    expect(await seen(world, 'pbx')).toMatchObject({
      up: false,
      troubles: [{ source: 'congestion', why: '503 to INVITE, Retry-After: 60' }],
    });
  });

  it('says 503 without it: only this call goes on to the next', async () => {
    const pbx = await Pbx.start();
    pbx.call = { status: 503 };
    const world = await withTrunks({ pbx: pbx.trunk() }, pbxThenPhone);
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await call.firstAudio;
    await call.hangup();
    await gone(world);
    expect(await isUp(world, 'pbx')).toBe(true);
  });
});

describe('fail-over', () => {
  it('goes by priority, within the ring budget', async () => {
    const world = await withTrunks(
      {},
      [
        { trunk: 'phone1', user: '100', priority: 20 },
        { trunk: 'phone2', user: '100', priority: 10, ringTimeoutMs: 1_000 },
      ],
      { phones: [{ ringMs: 10 }, { behaviour: 'never' }] },
    );
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await call.firstAudio;
    expect(await world.phones[1]?.calls[0]?.ended).toEqual({ by: 'gateway', how: 'CANCEL' });
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({ target: 'phone1/100' });
    await gone(world);
  });

  it('has no time left for the next trunk when the budget is used up', async () => {
    const world = await withTrunks(
      {},
      [
        { trunk: 'phone1', user: '100' },
        { trunk: 'phone2', user: '100' },
      ],
      {
        phones: [{ behaviour: 'never' }, {}],
        yaml: (yaml) => {
          (yaml['routes']!['desk'] as Record<string, unknown>)['ringBudgetMs'] = 1_500;
        },
      },
    );
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await call.ended;
    expect(await world.nextRecord()).toMatchObject({ cause: 'no-answer' });
    await gone(world);
    expect(world.phones[1]?.calls).toEqual([]);
  });

  it.each([486, 600, 603, 607, 608])('never goes to the next trunk after %i', async (status) => {
    const pbx = await Pbx.start();
    pbx.call = { status, headers: { 'Retry-After': '30' } };
    const world = await withTrunks({ pbx: pbx.trunk() }, pbxThenPhone);
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await call.ended;
    expect(await world.nextRecord()).toMatchObject({ attempts: [{ target: 'pbx/200', status }] });
    await gone(world);
    expect(world.phones[0]?.calls).toEqual([]);
    expect(await isUp(world, 'pbx')).toBe(true);
  });
});

describe('limits of a trunk', () => {
  it('one call at a time: the second goes to the next trunk, the third nowhere, and each end makes room', async () => {
    const world = await withTrunks(
      { phone1: { maxCalls: 1 }, phone2: { maxCalls: 1 } },
      [
        { trunk: 'phone1', user: '100' },
        { trunk: 'phone2', user: '100' },
      ],
      { phones: [{ ringMs: 10 }, { ringMs: 10 }] },
    );
    const [one, other] = world.phones;
    const call = (psid: string) => world.simulator.consumer({ psid }).call({ toneHz: 440 });
    const first = call('111');
    await first.firstAudio;
    const second = call('222');
    await second.firstAudio;
    expect([one?.calls.length, other?.calls.length]).toEqual([1, 1]);
    expect(await metric(world, /^msgw_trunk_calls\{trunk="phone1",direction="out"\} (\d)$/m)).toBe('1');
    const third = call('333');
    expect(await third.ended).toMatchObject({ by: 'business', action: 'reject' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'unreachable', detail: 'TRUNK_FULL' });
    expect([one?.calls.length, other?.calls.length], 'nobody rang').toEqual([1, 1]);
    expect(await metric(world, /^msgw_trunk_refused_total\{trunk="phone1",reason="calls"\} (\d)$/m)).toBe(
      '2',
    );

    await one?.calls[0]?.hangup();
    await first.ended;
    await until(async () => (await seen(world, 'phone1')).calls.out === 0);
    const fourth = call('444');
    await fourth.firstAudio;
    expect([one?.calls.length, other?.calls.length]).toEqual([2, 1]);
    await Promise.all([second.hangup(), fourth.hangup()]);
    await gone(world);
    for (const name of ['phone1', 'phone2'])
      expect((await seen(world, name)).calls).toEqual({ in: 0, out: 0 });
  });

  it('one call at a time is not in the way of the next phone of the same trunk', async () => {
    const world = await withTrunks(
      { phone1: { maxCalls: 1 } },
      [
        { trunk: 'phone1', user: '100', ringTimeoutMs: 1_000 },
        { trunk: 'phone1', user: '101' },
      ],
      { phones: [{ behaviour: 'never' }] },
    );
    const [phone] = world.phones;
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await phone?.nextCall();
    if (phone) phone.behaviour = 'answer';
    await call.firstAudio;
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({ target: 'phone1/101' });
    await gone(world);
    expect((await seen(world, 'phone1')).calls).toEqual({ in: 0, out: 0 });
  });

  it('calls of its own count too: one too many gets 503, not for a time but for now', async () => {
    const world = await withTrunks({ phone1: { maxCalls: 1 } }, [{ trunk: 'phone1', user: '100' }], {
      yaml: (yaml) => {
        yaml['outbound'] = { rules: [{ trunk: 'phone1', page: DEMO_PAGE }] };
      },
    });
    for (const psid of ['7654321098765432', '7654321098765433'])
      world.simulator.consumer({ psid, permission: true });
    const [at] = world.gateway.sipContacts;
    const [phone] = world.phones;
    if (!at || !phone) throw new Error('no SIP address or phone');
    const to = { host: at.address, port: at.port };
    const placed = world.simulator.nextPlaced();
    const first = await phone.dial({ number: '7654321098765432', ...to });
    const consumer = await placed;
    await Promise.all([first.firstAudio, consumer.firstAudio]);
    const second = await phone.dial({ number: '7654321098765433', ...to });
    const { failure } = await second.ended;
    expect(failure).toMatchObject({ status: 503 });
    expect(failure?.retryAfterS).toBeUndefined();
    const inward = world.simulator.consumer({ psid: '9' }).call({ toneHz: 440 });
    await inward.ended;
    expect(await world.nextRecord()).toMatchObject({ detail: 'TRUNK_FULL' });
    await consumer.hangup();
    await first.ended;
    await gone(world);
    expect(await seen(world, 'phone1')).toMatchObject({ calls: { in: 0, out: 0 }, refused: { full: 2 } });
  });
});
