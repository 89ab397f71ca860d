import { afterEach, expect, it } from 'vitest';
import { type Message, Peer } from '../sip/support/peer.ts';
import { caller, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const ANSWER =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n';

/** A consumer calls, the PBX behind `trunk` answers, talks and hangs up; every message that it got. */
async function callOf(
  trunk: object,
  name: string = caller.name,
): Promise<{ invite: Message; all: readonly Message[] }> {
  const pbx = await Peer.start();
  const world = await start({
    phone: { user: '100', host: '127.0.0.1', port: pbx.port },
    configure: (yaml) => Object.assign((yaml['trunks'] as { phone1: object }).phone1, trunk),
  });
  const call = world.simulator.consumer({ ...caller, name }).call({ toneHz: 440 });
  const invite = await pbx.request('INVITE');
  pbx.respond(invite, 180);
  pbx.respond(invite, 200, { body: ANSWER });
  await pbx.request('ACK');
  pbx.requestIn(invite, 'OPTIONS');
  await pbx.response(200, 'OPTIONS');
  pbx.requestIn(invite, 'INVITE', { body: ANSWER });
  pbx.ack(await pbx.response(200, 'INVITE'));
  await call.hangup();
  pbx.respond(await pbx.request('BYE'), 200);
  await world.nextRecord();
  await until(() => world.gateway.calls === 0);
  const callId = invite.headers.get('call-id');
  return { invite, all: pbx.received.filter(({ headers }) => headers.get('call-id') === callId) };
}

it('names the caller in P-Asserted-Identity and From, and in no message but the INVITE', async () => {
  const { invite, all } = await callOf({});
  expect(invite.headers.get('from')).toMatch(/^"Amina Otieno" <sip:7654321098765432@127\.0\.0\.1:\d+>;tag=/);
  expect(invite.headers.get('p-asserted-identity')).toMatch(/^"Amina Otieno" <sip:7654321098765432@[^<>]+>$/);
  expect(invite.headers.get('x-meta-psid')).toBe(caller.psid);
  expect(invite.headers.has('remote-party-id')).toBe(false);
  expect(invite.headers.has('privacy')).toBe(false);
  const others = all.filter((message) => message !== invite && message.status !== 100);
  expect(others.map(({ method, status }) => method || status)).toEqual(['ACK', 200, 200, 'BYE']);
  for (const { headers } of others) {
    expect(
      [...headers.keys()].filter((name) => /^(x-|p-|remote-party|user-to-user|privacy)/.test(name)),
    ).toEqual([]);
  }
});

it('writes Remote-Party-ID, the trunk in From, headers of rules and User-to-User as the trunk wants them', async () => {
  const { invite, all } = await callOf({
    callerId: { headers: ['pai', 'rpid'], from: 'trunk', fromUser: 'gw-7' },
    fromDomain: 'pbx.example.com',
    headers: {
      add: { 'X-Crm': 'https://crm.example.com/?psid={psid}&call={callId}', 'X-Route': '{rule}' },
      remove: ['X-Meta-Page-Id'],
    },
    userToUser: { template: '{name}' },
  });
  const value = (name: string) => invite.headers.get(name);
  expect(value('from')).toMatch(/^"Amina Otieno" <sip:gw-7@pbx\.example\.com>;tag=/);
  expect(value('p-asserted-identity')).toBe('"Amina Otieno" <sip:7654321098765432@pbx.example.com>');
  expect(value('remote-party-id')).toBe(
    '"Amina Otieno" <sip:7654321098765432@pbx.example.com>;party=calling;screen=yes;privacy=off',
  );
  expect(value('x-crm')).toBe(`https://crm.example.com/?psid=${caller.psid}&call=${value('x-meta-call-id')}`);
  expect(value('x-route')).toBe('desk');
  expect(value('user-to-user')).toBe(`${Buffer.from('Amina Otieno').toString('hex')};encoding=hex`);
  expect(invite.headers.has('x-meta-page-id')).toBe(false);
  for (const { headers } of all.filter((message) => message !== invite))
    expect([...headers.keys()].filter((name) => /^(x-|user-to-user)/.test(name))).toEqual([]);
});

it('hides the caller from a PBX that is not to know', async () => {
  const { all } = await callOf({ callerId: { privacy: 'hidden' } });
  const [invite] = all;
  expect(invite?.headers.get('from')).toMatch(/^"?Anonymous"? <sip:anonymous@anonymous\.invalid>;tag=/);
  expect(invite?.headers.get('privacy')).toBe('id');
  for (const { start: line, headers, body } of all)
    expect(`${line} ${[...headers].join(' ')} ${body}`).not.toMatch(/Amina|7654321098765432/);
});

it.each([
  ['a line end', 'x\r\nVia: SIP/2.0/UDP evil'],
  ['quotes and an address', 'a"<sip:evil@example.com>;x="'],
  ['64 kB', `${'<>"'.repeat(21_845)}end`],
])('lets no name break out of its place: %s', async (_what, name) => {
  const { invite } = await callOf(
    {
      callerId: { headers: ['pai', 'rpid'] },
      headers: { add: { 'X-Plain': '{name}', 'X-Quoted': 'a="{name}"' } },
      userToUser: { template: '{name}', encoding: 'ascii' },
    },
    name,
  );
  expect(invite.headers.get('via')).not.toContain('evil');
  expect(invite.headers.get('from')).toMatch(
    /^"[^"\\<>]*" <sip:7654321098765432@127\.0\.0\.1:\d+>;tag=[^;"<>]+$/,
  );
  expect(invite.headers.get('p-asserted-identity')).toMatch(/^"[^"\\<>]*" <sip:7654321098765432@[^"<>]+>$/);
  expect(invite.headers.get('x-plain')).toMatch(/^[^"\\<>,;]{1,64}$/);
  expect(invite.headers.get('x-quoted')).toMatch(/^a="[^"\\<>]{1,64}"$/);
  expect(invite.headers.get('user-to-user')).toMatch(/^"[^"\\<>]{1,64}";encoding=ascii$/);
});
