import { afterEach, describe, expect, it } from 'vitest';
import { DEMO_PAGE, type World, type WorldOptions } from '../../src/cli/demo/world.ts';
import { createLogger } from '../../src/observe/index.ts';
import { DigestGuard } from '../../src/sip/index.ts';
import { SDP } from '../sip/support/leg.ts';
import { type Message, Peer } from '../sip/support/peer.ts';
import { caller, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

/** What worlds have in their environment. */
const PASSWORD = 'demo-page-token';
const ACCOUNT = { username: 'gw', password: PASSWORD };
const REGISTER = {
  username: 'gw',
  password: '${PAGE_TOKEN}',
  domain: 'pbx.example',
  contactUser: 'gateway',
};

/** A world with one trunk. */
const registering = (trunk: object, options: Partial<WorldOptions> = {}): Promise<World> =>
  start({
    phones: [],
    ...options,
    configure: (yaml) => {
      yaml['trunks'] = { pbx: { host: 'pbx.example', qualify: { everyS: 0 }, ...trunk } };
      yaml['routes'] = { desk: { targets: [{ trunk: 'pbx', user: '100' }] } };
      yaml['outbound'] = { rules: [{ trunk: 'pbx', page: DEMO_PAGE }] };
    },
  });

const isUp = async (world: World): Promise<boolean> => {
  const response = await fetch(new URL('/trunks', world.gateway.adminUrl));
  const text = await response.text();
  return text.includes('"up":true');
};

/** Takes a REGISTER with digest and grants it; the one that was right. */
async function granting(peer: Peer, guard: DigestGuard): Promise<Message> {
  peer.respond(await peer.request('REGISTER'), 401, {
    headers: { 'WWW-Authenticate': guard.challenge(false) },
  });
  const request = await peer.request('REGISTER');
  const authorization = request.headers.get('authorization');
  expect(guard.check(authorization, 'REGISTER', 'sip:pbx.example', [ACCOUNT])).toMatchObject({
    verdict: 'right',
  });
  peer.respond(request, 200, { headers: { Contact: `${request.headers.get('contact')};expires=300` } });
  return request;
}

describe.each(['servers', 'proxy'] as const)('a trunk that registers (%s)', (way) => {
  it('calls by its registrar as its account, is called by it, and unregisters at the end', async () => {
    const peer = await Peer.start();
    const guard = new DigestGuard({ realm: 'pbx', algorithm: 'MD5', now: Date.now });
    const at = `127.0.0.1:${peer.port}`;
    const world = await registering(
      way === 'servers' ? { register: { ...REGISTER, servers: [at] } } : { register: REGISTER, proxy: at },
    );
    expect(await isUp(world)).toBe(false);
    const { headers } = await granting(peer, guard);
    await until(() => isUp(world));

    world.simulator.consumer(caller).call({ toneHz: 440 });
    const first = await peer.request('INVITE');
    peer.respond(first, 401, { headers: { 'WWW-Authenticate': guard.challenge(false) } });
    const invite = await peer.request('INVITE');
    expect(invite.start).toBe('INVITE sip:100@pbx.example SIP/2.0');
    expect(invite.headers.get('from')).toMatch(/^"Amina Otieno" <sip:gw@pbx\.example>;tag=/);
    expect(invite.headers.get('p-asserted-identity')).toContain(caller.psid);
    expect(
      guard.check(invite.headers.get('authorization'), 'INVITE', 'sip:100@pbx.example', [ACCOUNT]),
    ).toMatchObject({ verdict: 'right' });
    peer.respond(invite, 486);
    expect(await world.nextRecord()).toMatchObject({ answered: false });
    await until(() => world.gateway.calls === 0);

    world.simulator.consumer({ ...caller, permission: true, whenCalled: { does: 'ignore' } });
    const contact = /@([^>;]+)/.exec(headers.get('contact') ?? '')?.[1] ?? '';
    const dialled = peer.requestTo(`udp/${contact}`, 'INVITE', {
      headers: { To: `<sip:${caller.psid}@pbx.example>` },
      body: SDP,
    });
    await peer.response(180, 'INVITE');
    dialled.cancel({});
    await peer.response(487, 'INVITE');
    expect(await world.nextRecord()).toMatchObject({ direction: 'business_initiated' });
    await until(() => world.gateway.calls === 0);

    const closed = world.gateway.close();
    const last = await peer.request('REGISTER');
    expect(last.headers.get('expires')).toBe('0');
    peer.respond(last, 200);
    await closed;
  });
});

it('calls by the Service-Route of its registrar (RFC 3608), and is no news before it is registered', async () => {
  const [registrar, edge] = [await Peer.start(), await Peer.start()];
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const world = await registering(
    { register: { ...REGISTER, servers: [`127.0.0.1:${registrar.port}`] }, qualify: { everyS: 1 } },
    { log: createLogger({ level: 'info', destination }) },
  );
  const events = (): string[] => lines.join('').match(/"trunk\.[a-z-]+"/g) ?? [];
  const route = `<sip:127.0.0.1:${edge.port};lr>, <sip:core.pbx.example;lr>`;
  const request = await registrar.request('REGISTER');
  expect(events()).toEqual([]);
  registrar.respond(request, 200, {
    headers: { Contact: `${request.headers.get('contact')};expires=300`, 'Service-Route': route },
  });
  await until(() => isUp(world));
  expect(events()).toEqual(['"trunk.registered"', '"trunk.up"']);
  const options = await edge.request('OPTIONS');
  expect(options.headers.get('route')).toBe(route);
  edge.respond(options, 200);
  world.simulator.consumer(caller).call({ toneHz: 440 });
  const invite = await edge.request('INVITE');
  expect(invite.start).toBe('INVITE sip:100@pbx.example SIP/2.0');
  expect(invite.headers.get('route')).toBe(route);
  edge.respond(invite, 486);
  await world.nextRecord();
  await until(() => world.gateway.calls === 0);
});

it('a registration that fails is news', async () => {
  const registrar = await Peer.start();
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  await registering(
    { register: { ...REGISTER, servers: [`127.0.0.1:${registrar.port}`] } },
    { log: createLogger({ level: 'info', destination }) },
  );
  registrar.respond(await registrar.request('REGISTER'), 403);
  await until(() => lines.some((line) => line.includes('"trunk.down"') && line.includes('403')));
});

it('a trunk without its registration is down, and a stranger at another address is not it', async () => {
  const peer = await Peer.start();
  const world = await registering({ register: { ...REGISTER, servers: [`127.0.0.1:${peer.port}`] } });
  peer.respond(await peer.request('REGISTER'), 403);
  await until(async () => {
    const response = await fetch(new URL('/trunks', world.gateway.adminUrl));
    return (await response.text()).includes('"why":"403 Reason"');
  });
  const [contact] = world.gateway.sipContacts;
  peer.requestTo(`udp/${contact?.address}:${contact?.port}`, 'INVITE', { body: SDP });
  expect((await peer.response(403, 'INVITE')).start).toContain('Unknown Trunk');
});
