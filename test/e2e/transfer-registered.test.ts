import { afterEach, expect, it, vi } from 'vitest';
import type { World } from '../../src/cli/demo/world.ts';
import type { Message } from '../sip/support/peer.ts';
import { signed } from './signed.ts';
import { CONSUMER_HZ, FIRST_HZ, replacing, SECOND_HZ, sipAt } from './two-phones.ts';
import { hearEachOther, WirePhone } from './wire-phone.ts';
import { caller, gone, worlds } from './world.ts';

/** Calls take as long as they last, on a machine that may be busy. */
vi.setConfig({ testTimeout: 90_000 });

const { start, closeAll } = worlds({ flows: true });
afterEach(closeAll);

/** Behind a NAT: nothing is there. */
const contactOf = (user: string): string => `sip:${user}@10.255.255.1:5060`;

async function register(world: World, phone: WirePhone, user: string): Promise<void> {
  const identity = { To: `<sip:${user}@gateway>`, From: `<sip:${user}@gateway>;tag=${phone.peer.tag}` };
  const headers = { ...identity, Contact: `<${contactOf(user)}>`, Expires: '300' };
  await signed(world, phone.peer, user, 'REGISTER', { headers });
  await phone.peer.response(200, 'REGISTER');
}

/** Bob and Alice register here; consumers ring Bob, and nothing else is at his phone. */
async function registered(bob: object = {}): Promise<{ world: World; first: WirePhone; second: WirePhone }> {
  const first = await WirePhone.start(FIRST_HZ);
  const second = await WirePhone.start(SECOND_HZ);
  const world = await start({
    phones: [],
    configure: (yaml) => {
      const account = (user: string): object => ({ user, password: '${PAGE_TOKEN}' });
      Object.assign(yaml['sip'] as object, { registrar: { accounts: [account('bob'), account('alice')] } });
      const common = { codecs: ['PCMU'], qualify: { everyS: 0 } };
      yaml['trunks'] = {
        bob: { ...common, registered: 'bob', ...bob },
        alice: { ...common, registered: 'alice', transferTo: ['alice'] },
      };
      yaml['routes'] = { desk: { targets: [{ trunk: 'bob' }] } };
    },
  });
  await register(world, first, 'bob');
  await register(world, second, 'alice');
  return { world, first, second };
}

const startOf = ({ start: line }: Message): string => line;

it('a phone that registered transfers to another by the name of its account, and to nobody else', async () => {
  const { world, first, second } = await registered({ transferTo: ['1??'] });
  const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
  const invite = await first.answer();
  expect(startOf(invite)).toBe(`INVITE ${contactOf('bob')} SIP/2.0`);
  await hearEachOther(first, call, CONSUMER_HZ);
  const { address, port } = sipAt(world);
  // Alice's phone has no extensions, and Bob's only 1xx.
  for (const user of ['carl', '200']) {
    first.refer(invite, `<sip:${user}@${address}:${port}>`);
    await first.peer.response(403, 'REFER');
  }
  first.refer(invite, `<sip:101@${address}:${port}>`);
  await first.peer.response(202, 'REFER');
  const extension = await first.peer.request('INVITE');
  expect(startOf(extension)).toBe('INVITE sip:101@10.255.255.1:5060 SIP/2.0');
  const told = first.allNotified();
  first.peer.respond(extension, 486);
  await told;
  first.refer(invite, `<sip:alice@${address}:${port}>`);
  await first.peer.response(202, 'REFER');
  const toldAgain = first.allNotified();
  const transferred = await second.peer.request('INVITE');
  expect(startOf(transferred)).toBe(`INVITE ${contactOf('alice')} SIP/2.0`);
  second.pickUp(transferred);
  await second.peer.request('ACK');
  expect((await toldAgain).at(-1)).toBe('SIP/2.0 200 OK');
  await first.hangUp(invite);
  await hearEachOther(second, call, CONSUMER_HZ);
  await Promise.all([second.byeComes(), call.hangup()]);
  expect(await world.nextRecord()).toMatchObject({
    transfers: [
      { to: 'bob/101', outcome: 'failed' },
      { from: 'bob/bob', to: 'alice/alice', outcome: 'done' },
    ],
  });
  await gone(world);
});

it('and is rung back at its Contact', async () => {
  const { world, first, second } = await registered();
  const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
  const invite = await first.answer();
  await hearEachOther(first, call, CONSUMER_HZ);
  const { address, port } = sipAt(world);
  first.refer(invite, `<sip:alice@${address}:${port}>`);
  await first.peer.response(202, 'REFER');
  const transferred = await second.peer.request('INVITE');
  const told = first.allNotified();
  await first.hangUp(invite);
  second.peer.respond(transferred, 486);
  await told;
  const back = await first.peer.request('INVITE');
  expect(startOf(back)).toBe(`INVITE ${contactOf('bob')} SIP/2.0`);
  first.pickUp(back);
  await first.peer.request('ACK');
  await hearEachOther(first, call, CONSUMER_HZ);
  await Promise.all([first.byeComes(), call.hangup()]);
  await world.nextRecord();
  await gone(world);
});

it('is not asked by REFER to call another account: it has no address to be told of', async () => {
  const { world, first } = await registered();
  const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
  await first.answer();
  await hearEachOther(first, call, CONSUMER_HZ);
  const answer = await fetch(`${world.gateway.adminUrl}/calls/${call.id}/transfer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ to: 'alice/alice', mode: 'pbx' }),
  });
  expect(answer.status).toBe(409);
  await Promise.all([first.byeComes(), call.hangup()]);
  expect(await world.nextRecord()).not.toHaveProperty('transfers');
  await gone(world);
});

it('a phone that registered redirects to another by the name of its account', async () => {
  const { world, first, second } = await registered();
  const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
  const { address, port } = sipAt(world);
  const invite = await first.peer.request('INVITE');
  const contacts = `<sip:carl@${address}:${port}>;q=0.9, <sip:alice@${address}:${port}>;q=0.5`;
  first.peer.respond(invite, 302, { headers: { Contact: contacts } });
  await first.peer.request('ACK');
  const rung = await second.answer();
  expect(startOf(rung)).toBe(`INVITE ${contactOf('alice')} SIP/2.0`);
  await hearEachOther(second, call, CONSUMER_HZ);
  await Promise.all([second.byeComes(), call.hangup()]);
  expect(await world.nextRecord()).toMatchObject({
    redirects: [
      { status: 302, from: 'bob/bob', refused: 'ROUTING_TARGET_NOT_ALLOWED' },
      { status: 302, from: 'bob/bob', to: 'alice/alice' },
    ],
  });
  await gone(world);
});

it('a phone of another trunk takes a call over where replacedBy names that trunk, and only there', async () => {
  for (const replacedBy of [undefined, ['alice']]) {
    const { world, first, second } = await registered(replacedBy ? { replacedBy } : {});
    const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
    const invite = await first.answer();
    await hearEachOther(first, call, CONSUMER_HZ);
    const headers = { Replaces: replacing(invite, first) };
    if (replacedBy === undefined) {
      await signed(world, second.peer, 'alice', 'INVITE', { headers, body: second.sdp() });
      const refused = await second.peer.response(403, 'INVITE');
      expect(refused.start).toContain('Not Your Call');
      second.peer.ack(refused);
      await Promise.all([first.byeComes(), call.hangup()]);
      expect(await world.nextRecord()).not.toHaveProperty('transfers');
    } else {
      const bye = first.byeComes();
      await signed(world, second.peer, 'alice', 'INVITE', { headers, body: second.sdp() });
      const answer = await second.peer.response(200, 'INVITE');
      second.peer.ack(answer);
      second.talkTo(answer.body);
      await bye;
      await hearEachOther(second, call, CONSUMER_HZ);
      await Promise.all([second.byeComes(), call.hangup()]);
      expect(await world.nextRecord()).toMatchObject({
        transfers: [{ kind: 'replaced', from: 'bob/bob', to: 'alice/12', outcome: 'done' }],
      });
    }
    await gone(world);
  }
});
