import { afterEach, expect, it } from 'vitest';
import { DEMO_PAGE, type World } from '../../src/cli/demo/world.ts';
import { SDP } from '../sip/support/leg.ts';
import { type Message, Peer } from '../sip/support/peer.ts';
import { signed } from './signed.ts';
import { caller, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

/** Behind a NAT: nothing is there. */
const CONTACT = 'sip:bob@10.255.255.1:5060';

const IDENTITY = { To: '<sip:bob@gateway>', From: '<sip:bob@gateway>;tag=1' };

const world = (target: object = {}): Promise<World> =>
  start({
    phones: [],
    configure: (yaml) => {
      const sip = yaml['sip'] as Record<string, unknown>;
      sip['realm'] = 'desk.example';
      sip['registrar'] = {
        expires: { minS: 1, defaultS: 300, maxS: 300 },
        accounts: [{ user: 'bob', password: '${PAGE_TOKEN}' }],
      };
      yaml['trunks'] = { desk: { registered: 'bob', qualify: { everyS: 0 } } };
      yaml['routes'] = { desk: { targets: [{ trunk: 'desk', ...target }] } };
      yaml['outbound'] = { rules: [{ trunk: 'desk', page: DEMO_PAGE }] };
    },
  });

const trunks = async (of: World): Promise<string> =>
  (await fetch(new URL('/trunks', of.gateway.adminUrl))).text();

/** Registers, challenged, with digest; the 200. */
async function register(of: World, peer: Peer, expires: number): Promise<Message> {
  const headers = { ...IDENTITY, Contact: `<${CONTACT}>`, Expires: String(expires) };
  const asked = await signed(of, peer, 'bob', 'REGISTER', { headers });
  expect(asked.headers.get('www-authenticate')).toContain('Digest realm="desk.example"');
  return peer.response(200, 'REGISTER');
}

it('a phone that registered is rung where it came from, by the Contact it gave', async () => {
  const of = await world();
  const peer = await Peer.start();
  expect(await trunks(of)).toContain('"why":"not registered"');
  expect((await register(of, peer, 300)).headers.get('contact')).toBe(`<${CONTACT}>;expires=300`);
  expect(await trunks(of)).toContain('"up":true');

  of.simulator.consumer(caller).call({ toneHz: 440 });
  const invite = await peer.request('INVITE');
  expect(invite.start).toBe(`INVITE ${CONTACT} SIP/2.0`);
  expect(invite.headers.get('to')).toBe(`<${CONTACT}>`);
  peer.respond(invite, 486);
  expect(await of.nextRecord()).toMatchObject({ answered: false });
  await until(() => of.gateway.calls === 0);
});

it('a PBX that registered finds the extension in the Request-URI', async () => {
  const of = await world({ user: '600' });
  const peer = await Peer.start();
  await register(of, peer, 300);
  of.simulator.consumer(caller).call({ toneHz: 440 });
  const invite = await peer.request('INVITE');
  expect(invite.start).toBe('INVITE sip:600@10.255.255.1:5060 SIP/2.0');
  peer.respond(invite, 486);
  await of.nextRecord();
  await until(() => of.gateway.calls === 0);
});

it('is down when it unregisters, and when its registration lapses; calls then fail at once', async () => {
  const of = await world();
  const peer = await Peer.start();
  await register(of, peer, 300);
  await register(of, peer, 0);
  expect(await trunks(of)).toContain('"why":"not registered"');
  await register(of, peer, 1);
  expect(await trunks(of)).toContain('"up":true');
  await until(async () => (await trunks(of)).includes('"why":"not registered"'));
  of.simulator.consumer(caller).call({ toneHz: 440 });
  expect(await of.nextRecord()).toMatchObject({ answered: false });
  expect(peer.received.filter(({ method }) => method === 'INVITE')).toEqual([]);
  await until(() => of.gateway.calls === 0);
});

it('calls consumers with the digest of its account, from where it is registered only', async () => {
  const of = await world();
  const peer = await Peer.start();
  const [at] = of.gateway.sipContacts;
  peer.requestTo(`udp/${at?.address}:${at?.port}`, 'INVITE', { body: SDP });
  expect((await peer.response(403, 'INVITE')).start).toContain('Unknown Trunk');
  await register(of, peer, 300);
  of.simulator.consumer({ ...caller, permission: true });
  const asked = await signed(of, peer, 'bob', 'INVITE', { headers: {}, body: SDP });
  // As the REGISTER was: the phone has one password for both.
  expect(asked.headers.get('www-authenticate')).toContain('Digest realm="desk.example"');
  // Let in: it is the number that nobody has.
  expect((await peer.response(404, 'INVITE')).start).toContain('Unknown Number');
});
