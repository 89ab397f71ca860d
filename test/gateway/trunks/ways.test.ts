import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TrunkWays, type WayTrunk } from '../../../src/gateway/trunks/ways.ts';
import { FakeClock } from '../../../src/shared/fake-clock.ts';
import type { Binding, RegisterOptions, RegistrationView } from '../../../src/sip/index.ts';

/** Ways of one trunk, with a SIP side that takes note. */
function waysOf(trunk: Partial<WayTrunk>) {
  const told: unknown[] = [];
  let options: RegisterOptions | undefined;
  let view: RegistrationView = { up: false, phase: 'unregistered', why: '' };
  const ways = new TrunkWays({
    trunks: { pbx: { host: 'pbx.example', ...trunk } },
    board: {
      set: (...words) => void told.push(words),
      begin: (...words) => void told.push(['begin', ...words]),
    },
    clock: new FakeClock(),
  });
  ways.start({
    register: (given) => {
      options = given;
      return {
        get view() {
          return view;
        },
        stop: () => Promise.resolve(),
      };
    },
  });
  const registered = (server: string, address = '192.0.2.20', routes?: readonly string[]): void => {
    view = { up: true, phase: 'registered', why: 'registered', server, address, ...(routes && { routes }) };
    options?.onState(view);
  };
  return { ways, told, registered, options: () => options };
}
const register = { expiresS: 300 } as const;
const credentials = { username: 'gw', password: 'secret' };

describe('the way to a trunk', () => {
  it('is its host where nothing else is said', () => {
    expect(waysOf({}).ways.of('pbx')).toEqual({});
    expect(waysOf({}).told).toEqual([]);
  });

  it.each([
    ['192.0.2.5', 'udp', 'sip:192.0.2.5'],
    ['192.0.2.5:5080', 'tcp', 'sip:192.0.2.5:5080;transport=tcp'],
    ['2001:db8::5', 'tls', 'sip:[2001:db8::5];transport=tls'],
    ['proxy.example;transport=tcp', 'udp', 'sip:proxy.example;transport=tcp'],
    ['sips:proxy.example', 'tls', 'sips:proxy.example'],
    ['sip:proxy.example;lr', 'tls', 'sip:proxy.example;lr;transport=tls'],
  ] as const)('by the proxy %s with %s', (proxy, transport, next) => {
    expect(waysOf({ proxy, transport }).ways.of('pbx')).toEqual({ proxy: next });
  });

  it('registers with what the trunk says of itself', () => {
    expect(waysOf({ register, credentials, port: 5080, transport: 'tls' }).options()).toMatchObject({
      name: 'pbx',
      aor: { user: 'gw', domain: 'pbx.example' },
      contactUser: 'gw',
      servers: ['sip:pbx.example:5080;transport=tls'],
      credentials,
      expiresS: 300,
    });
    const { proxy, ...own } = waysOf({
      fromDomain: 'acme.example',
      proxy: '192.0.2.5',
      credentials,
      register: {
        ...register,
        servers: ['a.example', '[2001:db8::1]:5070'],
        user: 'line1',
        username: 'auth',
        password: 'other',
        contactUser: 'x-1',
      },
    }).options()!;
    expect(own).toMatchObject({
      aor: { user: 'line1', domain: 'acme.example' },
      contactUser: 'x-1',
      servers: ['sip:a.example', 'sip:[2001:db8::1]:5070'],
      credentials: { username: 'auth', password: 'other' },
    });
    expect(proxy).toBe('sip:192.0.2.5');
  });

  it('goes to the server that has the registration, as the account, and tells the board', () => {
    const { ways, told, registered } = waysOf({
      register: { ...register, servers: ['a.example', 'b.example'] },
      credentials,
    });
    expect(told).toEqual([['begin', 'pbx', 'registration', 'not yet registered']]);
    expect(ways.of('pbx')?.proxy).toBe('sip:a.example');
    registered('sip:b.example');
    expect(ways.of('pbx')).toEqual({
      proxy: 'sip:b.example',
      from: { user: 'gw', host: 'pbx.example' },
      credentials,
    });
    expect(told.at(-1)).toEqual(['pbx', 'registration', true, 'registered']);
  });

  it('keeps the number of the caller in From where that is wanted', () => {
    const { ways } = waysOf({ register, callerId: { from: 'caller' }, credentials });
    expect(ways.of('pbx')?.from).toEqual({ host: 'pbx.example' });
    const named = waysOf({ register, callerId: { fromUser: 'main' }, credentials }).ways;
    expect(named.of('pbx')?.from).toEqual({ user: 'main', host: 'pbx.example' });
  });

  it('takes the Service-Route of the registrar, by an outbound proxy too', () => {
    const routes = ['sip:edge.example;lr', 'sip:core.example;lr'];
    const { ways, registered } = waysOf({ register, credentials });
    registered('sip:pbx.example', '192.0.2.20', routes);
    expect(ways.of('pbx')).toEqual({ routes, from: { user: 'gw', host: 'pbx.example' }, credentials });
    const behind = waysOf({ register, credentials, proxy: '192.0.2.5' });
    behind.registered('sip:pbx.example', '192.0.2.20', routes);
    expect(behind.ways.of('pbx')).toMatchObject({ routes, proxy: 'sip:192.0.2.5' });
  });

  it('knows its registrar by the address that answered, and its Contact by the user', () => {
    const { ways, registered } = waysOf({ register, credentials });
    expect(ways.registeredAt('192.0.2.20', 'gw')).toEqual([]);
    registered('sip:pbx.example');
    expect(ways.registeredAt('192.0.2.20', 'gw')).toEqual([{ name: 'pbx', isOurContact: true }]);
    expect(ways.registeredAt('192.0.2.20', '7001')).toEqual([{ name: 'pbx', isOurContact: false }]);
    expect(ways.registeredAt('192.0.2.21', 'gw')).toEqual([]);
  });
});

describe('other trunks', () => {
  const pbx = { host: 'pbx.example', register, credentials } satisfies WayTrunk;

  /** Takes note of registrations, in the order in which they begin and end. */
  function rig(trunks: Readonly<Record<string, WayTrunk>>) {
    const said: string[] = [];
    const told: unknown[][] = [];
    const stops: (() => void)[] = [];
    const registrations: RegisterOptions[] = [];
    const bindings: Record<string, Binding[]> = {};
    const ways = new TrunkWays({
      trunks,
      board: {
        set: (...words) => void told.push(words),
        begin: (...words) => void told.push(['begin', ...words]),
      },
      clock: new FakeClock(),
      registrar: {
        accounts: [],
        bindings: (user) => bindings[user] ?? [],
        nextEndMs: () => undefined,
      },
    });
    const start = (): void =>
      ways.start({
        register: (options) => {
          const at = `${options.name} at ${options.servers[0]} as ${options.credentials?.password}`;
          said.push(`registers ${at}`);
          registrations.push(options);
          return {
            view: { up: true, phase: 'registered', why: '', server: options.servers[0] ?? '' },
            stop: () =>
              new Promise<void>((resolve) => {
                said.push(`takes away ${at}`);
                stops.push(resolve);
              }),
          };
        },
      });
    return { ways, start, said, told, stops, registrations, bindings };
  }

  it('a registration that is wanted otherwise is taken away first; the trunk counts as what it was', async () => {
    const { ways, start, said, told, stops, registrations } = rig({ pbx });
    start();
    told.length = 0;
    ways.replace({ pbx: { ...pbx, credentials: { username: 'gw', password: 'new' } } });
    await turn();
    expect(said).toEqual([
      'registers pbx at sip:pbx.example as secret',
      'takes away pbx at sip:pbx.example as secret',
    ]);
    // The end of the old one is no news of the trunk.
    registrations[0]?.onState({ up: false, phase: 'unregistered', why: 'ended' });
    stops[0]?.();
    await turn();
    expect(said.at(-1)).toBe('registers pbx at sip:pbx.example as new');
    expect(told).toEqual([]);
    registrations[1]?.onState({ up: false, phase: 'failed', why: '403' } as RegistrationView);
    expect(told).toEqual([['pbx', 'registration', false, '403']]);
  });

  it('what has nothing to do with the registration leaves it alone', async () => {
    const { ways, start, said } = rig({ pbx });
    start();
    ways.replace({ pbx: { ...pbx, callerId: { from: 'caller' } } });
    await turn();
    expect(said).toHaveLength(1);
    expect(ways.of('pbx')).toEqual({ proxy: 'sip:pbx.example', from: { host: 'pbx.example' }, credentials });
  });

  it('one that registers no more is up, one that is gone is told of no more', async () => {
    const { ways, start, said, told } = rig({ pbx, other: pbx });
    start();
    told.length = 0;
    ways.replace({ pbx: { host: 'pbx.example' } });
    await turn();
    expect(said.slice(2)).toEqual([
      'takes away pbx at sip:pbx.example as secret',
      'takes away other at sip:pbx.example as secret',
    ]);
    expect(told).toEqual([['pbx', 'registration', true, 'it registers no more']]);
    expect(ways.of('pbx')).toEqual({});
  });

  it('one that comes back waits until its former registration is taken away', async () => {
    const { ways, start, said, told, stops } = rig({ pbx });
    start();
    told.length = 0;
    ways.replace({});
    ways.replace({ pbx });
    await turn();
    expect(said).toHaveLength(2);
    expect(told).toEqual([['begin', 'pbx', 'registration', 'not yet registered']]);
    stops[0]?.();
    await turn();
    expect(said[2]).toBe('registers pbx at sip:pbx.example as secret');
  });

  it('of two changes in a row the last one registers, once', async () => {
    const { ways, start, said, stops } = rig({ pbx });
    start();
    const as = (password: string): WayTrunk => ({ ...pbx, credentials: { username: 'gw', password } });
    ways.replace({ pbx: as('second') });
    ways.replace({ pbx: as('third') });
    stops[0]?.();
    await turn();
    expect(said.filter((line) => line.startsWith('registers'))).toEqual([
      'registers pbx at sip:pbx.example as secret',
      'registers pbx at sip:pbx.example as third',
    ]);
  });

  it('nothing registers after the end, nor before the start', async () => {
    const { ways, start, said, told, stops } = rig({});
    ways.replace({ pbx });
    await turn();
    expect([said, told]).toEqual([[], []]);
    start();
    ways.replace({ pbx: { ...pbx, port: 5080 } });
    ways.close();
    stops[0]?.();
    await turn();
    expect(said.filter((line) => line.startsWith('registers'))).toHaveLength(1);
  });

  it('an account that is to register here: down without news until it does, up as soon as it has', () => {
    const { ways, start, told, bindings } = rig({});
    start();
    ways.replace({ desk: { host: '', registered: 'desk1' } });
    expect(told).toEqual([['begin', 'desk', 'registration', 'not registered']]);
    expect(ways.of('desk')).toBeUndefined();
    bindings['desk2'] = [
      {
        contact: 'sip:desk2@198.51.100.7',
        q: 1,
        flow: { address: '198.51.100.7', port: 5060, protocol: 'udp' },
      },
    ] as unknown as Binding[];
    told.length = 0;
    ways.replace({ desk: { host: '', registered: 'desk2' } });
    expect(told.at(-1)).toEqual(['desk', 'registration', true, 'registered']);
    told.length = 0;
    ways.replace({ desk: { host: '', registered: 'desk2' } });
    expect(told, 'the same account is not begun anew').toEqual([
      ['desk', 'registration', true, 'registered'],
    ]);
    // Taken away and back again, without a registration: nobody is told of a fall.
    ways.replace({});
    delete bindings['desk2'];
    told.length = 0;
    ways.replace({ desk: { host: '', registered: 'desk2' } });
    expect(told).toEqual([['begin', 'desk', 'registration', 'not registered']]);
  });
});
