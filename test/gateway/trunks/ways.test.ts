import { describe, expect, it } from 'vitest';
import { TrunkWays, type WayTrunk } from '../../../src/gateway/trunks/ways.ts';
import { FakeClock } from '../../../src/shared/fake-clock.ts';
import type { RegisterOptions, RegistrationView } from '../../../src/sip/index.ts';

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
