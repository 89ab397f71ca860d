import { afterEach, expect, it, onTestFinished } from 'vitest';
import { DEMO_NUMBER, type World } from '../../src/cli/demo/world.ts';
import { type Message, Peer } from '../sip/support/peer.ts';
import { caller, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const ANSWER =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n';

type Log = NonNullable<NonNullable<Parameters<typeof start>[0]>['log']>;

/** Lines above debug. */
function recorder(lines: string[]): Log {
  const line = (fields: object, event: string): void => void lines.push(`${event} ${JSON.stringify(fields)}`);
  const log: Log = {
    debug: () => {},
    info: line,
    warn: line,
    error: line,
    child: () => log,
    flush: () => Promise.resolve(),
  };
  return log;
}

/** The events of the admin port, as they come. */
async function eventsOf(world: World): Promise<{ event: string; data: Record<string, unknown> }[]> {
  const seen: { event: string; data: Record<string, unknown> }[] = [];
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const { body } = await fetch(`${world.gateway.adminUrl}/events`, { signal: stop.signal });
  if (!body) throw new Error('no events');
  const read = async (): Promise<void> => {
    let text = '';
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const parts = (text + chunk).split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) {
        const [, event] = /^event: (.*)$/m.exec(part) ?? [];
        const [, data] = /^data: (.*)$/m.exec(part) ?? [];
        if (event && data) seen.push({ event, data: JSON.parse(data) as Record<string, unknown> });
      }
    }
  };
  read().catch(() => {});
  return seen;
}

/** A PBX that is rung for a consumer, with that trunk. */
async function rung(trunk: object): Promise<{
  pbx: Peer;
  world: World;
  invite: Message;
  lines: string[];
  events: Awaited<ReturnType<typeof eventsOf>>;
}> {
  const pbx = await Peer.start();
  const lines: string[] = [];
  const world = await start({
    phone: { user: '100', host: '127.0.0.1', port: pbx.port },
    log: recorder(lines),
    configure: (yaml) => Object.assign((yaml['trunks'] as { phone1: object }).phone1, trunk),
  });
  const events = await eventsOf(world);
  world.simulator.consumer(caller).call({ toneHz: 440 });
  return { pbx, world, invite: await pbx.request('INVITE'), lines, events };
}

it('keeps what the rules name of the 200 and the BYE, and who is connected after each change', async () => {
  const { pbx, world, invite, lines, events } = await rung({
    headers: { copy: ['X-Agent-Id', 'User-to-User', 'X-Survey'] },
  });
  pbx.respond(invite, 200, {
    body: ANSWER,
    headers: {
      'P-Asserted-Identity': '"Queue" <sip:600@pbx>',
      'X-Agent-Id': `a-17 ${'x'.repeat(5_000)}`,
      'X-Secret': 'not asked for',
    },
  });
  await pbx.request('ACK');
  pbx.requestIn(invite, 'UPDATE', {
    headers: { 'P-Asserted-Identity': '<tel:+4912345678>, "Ann ""><x" <sip:201@pbx>' },
  });
  const updated = await pbx.response(200, 'UPDATE');
  expect(updated.body).toBe('');
  pbx.requestIn(invite, 'UPDATE', { headers: { 'Remote-Party-ID': '"Ben" <sip:202@pbx>;party=called' } });
  await pbx.response(200, 'UPDATE');
  // Told again: no change.
  pbx.requestIn(invite, 'UPDATE', { headers: { 'Remote-Party-ID': '"Ben" <sip:202@pbx>;party=called' } });
  await pbx.response(200, 'UPDATE');
  pbx.requestIn(invite, 'INVITE', {
    body: ANSWER,
    headers: { 'P-Asserted-Identity': '"Cleo" <sip:203@pbx>', Privacy: 'id' },
  });
  const refreshed = await pbx.response(200, 'INVITE');
  pbx.ack(refreshed);
  expect(refreshed.body).toContain('m=audio');
  pbx.requestIn(invite, 'BYE', {
    headers: { 'User-to-User': `04${Buffer.from('order 5').toString('hex')};encoding=hex`, 'X-Survey': '5' },
  });
  await pbx.response(200, 'BYE');
  const record = await world.nextRecord();
  expect(record).toMatchObject({
    cause: 'phone-hangup',
    userToUser: 'order 5',
    connected: { private: true },
    headers: { 'X-Survey': '5', 'User-to-User': expect.stringMatching(/^04.*;encoding=hex$/) },
  });
  const { headers } = record as { headers: Record<string, string> };
  expect(headers['X-Agent-Id']).toHaveLength(512);
  expect(JSON.stringify(record)).not.toContain('not asked for');
  await until(() => world.gateway.calls === 0 && events.some(({ event }) => event === 'call_ended'));
  const parties = events.filter(({ event }) => event === 'call_connected_party').map(({ data }) => data);
  expect(parties).toMatchObject([
    { user: '600', displayName: 'Queue' },
    { user: '201', displayName: 'Ann' },
    { user: '202', displayName: 'Ben' },
    { private: true },
  ]);
  expect(parties[3]).not.toHaveProperty('user');
  expect(parties.every(({ callId }) => callId === record['callId'])).toBe(true);
  expect(events.filter(({ event }) => event === 'call_headers').map(({ data }) => data['of'])).toEqual([
    '200',
    'BYE',
  ]);
  expect(lines.join('\n')).not.toMatch(/Queue|Ann|Ben|Cleo|a-17|order 5|"?20[123]"?@/);
  for (const message of pbx.received.filter((each) => each !== invite))
    expect(
      [...message.headers.keys()].filter((name) => /^(x-|p-asserted|remote-|user-to)/.test(name)),
    ).toEqual([]);
});

it('takes a phone at the word of its trunk, keeps its headers, and gives Meta those that it may have', async () => {
  const pbx = await Peer.start();
  const lines: string[] = [];
  const world = await start({
    platform: 'whatsapp',
    phone: { user: '100', host: '127.0.0.1', port: pbx.port },
    log: recorder(lines),
    configure: (yaml) => {
      Object.assign((yaml['trunks'] as { phone1: object }).phone1, {
        callerId: { trusted: true },
        headers: { copy: ['X-Case', 'User-to-User'], tellMeta: ['X-Case', 'X-Long'] },
      });
      yaml['outbound'] = { rules: [{ trunk: 'phone1', page: DEMO_NUMBER, caller: '31' }] };
    },
  });
  const events = await eventsOf(world);
  world.simulator.consumer({ psid: '254711000002', name: 'Amina', permission: true });
  const [at] = world.gateway.sipContacts;
  const placed = world.simulator.nextPlaced();
  const dial = (headers: Record<string, string>) =>
    pbx.requestTo(`udp/127.0.0.1:${at?.port}`, 'INVITE', { headers, body: ANSWER, user: '254711000002' });
  // From says 12, and so does this: the rule is for 31.
  dial({ 'P-Asserted-Identity': '<sip:12@pbx>' });
  pbx.ack(await pbx.response(404, 'INVITE'));
  dial({
    'P-Asserted-Identity': '"Desk 31" <sip:31@pbx>',
    'X-Case': 'c-9',
    'X-Long': 'l'.repeat(600),
    'X-Other': 'mine',
    'User-to-User': `${Buffer.from('order 5').toString('hex')};encoding=hex`,
  });
  const consumer = await placed;
  const final = await pbx.response(200, 'INVITE');
  pbx.ack(final);
  await consumer.hangup();
  pbx.respond(await pbx.request('BYE'), 200);
  const record = await world.nextRecord();
  expect(record).toMatchObject({
    target: 'phone1/31',
    headers: { 'X-Case': 'c-9', 'User-to-User': expect.stringContaining(';encoding=hex') },
    userToUser: 'order 5',
  });
  expect(JSON.stringify(record)).not.toMatch(/mine|lll/);
  const { opaque = '' } = consumer.options;
  expect(opaque).toMatch(/^out-[0-9a-f-]{36} \{"X-Case":"c-9"\}$/);
  await until(() => world.gateway.calls === 0 && events.some(({ event }) => event === 'call_ended'));
  expect(events.filter(({ event }) => event === 'call_headers').map(({ data }) => data)).toMatchObject([
    { of: 'INVITE', headers: { 'X-Case': 'c-9' } },
  ]);
  expect(lines.join('\n')).not.toMatch(/order 5|c-9|Desk 31/);
  for (const { headers } of pbx.received)
    expect([...headers.keys()].filter((name) => /^(x-|p-asserted|remote-|user-to)/.test(name))).toEqual([]);
});
