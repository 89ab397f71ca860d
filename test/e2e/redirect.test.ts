import { afterEach, expect, it } from 'vitest';
import type { World } from '../../src/cli/demo/world.ts';
import { type Message, Peer } from '../sip/support/peer.ts';
import { caller, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

/** The route rings a PBX that says what the test says, then phone1; phone1 may be called by 3xx as 2.. . */
async function redirecting(
  more: { next?: boolean; transferTo?: string[]; historyTo?: string[] } = {},
): Promise<{
  world: World;
  pbx: Peer;
}> {
  const pbx = await Peer.start();
  const world = await start({
    configure: (yaml) => {
      const trunks = yaml['trunks'] as Record<string, object>;
      const common = { host: '127.0.0.1', codecs: ['PCMU'], qualify: { everyS: 0 } };
      const told = more.historyTo ? { historyTo: more.historyTo } : {};
      trunks['pbx'] = { ...common, port: pbx.port, transferTo: ['1??', '3*'], ...told };
      trunks['phone1'] = { ...trunks['phone1'], ...common, transferTo: more.transferTo ?? ['2??'] };
      const targets = [{ trunk: 'pbx', user: '100' }];
      if (more.next) targets.push({ trunk: 'phone1', user: '999' });
      yaml['routes'] = { desk: { targets } };
    },
  });
  return { world, pbx };
}

const userOf = ({ start: line }: Message): string | undefined => /^INVITE sip:([^@]*)@/.exec(line)?.[1];

/** Answers the next INVITE; its user. */
async function say(
  pbx: Peer,
  status: number,
  headers: Record<string, string> = {},
): Promise<string | undefined> {
  const invite = await pbx.request('INVITE');
  pbx.respond(invite, status, { headers });
  await pbx.request('ACK');
  return userOf(invite);
}

async function refusals(world: World): Promise<string> {
  const text = await (await fetch(`${world.gateway.adminUrl}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith('msgw_voip_only_refusals_total'))
    .join('\n');
}

it('does not tell one trunk what another says of who was called before, unless it may know', async () => {
  const { world, pbx } = await redirecting();
  world.simulator.consumer(caller).call({ toneHz: 440 });
  const [phone] = world.phones;
  const history = {
    Diversion: '<sip:boss-private@pbx.example.com>',
    'History-Info': '<sip:100@pbx>;index=1',
  };
  const own = `<sip:301@127.0.0.1:${pbx.port}>`;
  expect(await say(pbx, 302, { Contact: own, ...history })).toBe('100');
  // The trunk that said it may hear it again.
  const again = await pbx.request('INVITE');
  expect(again.headers.get('diversion')).toBe(history.Diversion);
  pbx.respond(again, 302, { headers: { Contact: `<sip:201@127.0.0.1:${phone?.port}>`, ...history } });
  const rung = await phone?.nextCall();
  expect(rung?.header('diversion')).toBeUndefined();
  expect(rung?.header('history-info')).toBeUndefined();
  await rung?.answered;
  await rung?.hangup();
  await world.nextRecord();
  await until(() => world.gateway.calls === 0);
});

it('rings the phone that a 302 names, best q first, and both hear each other', async () => {
  const { world, pbx } = await redirecting({ historyTo: ['phone1'] });
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  const [phone] = world.phones;
  const contact = `<sip:301@127.0.0.1:${pbx.port}>;q=0.9, <sip:201@127.0.0.1:${phone?.port}>;q=0.5`;
  const history = {
    Diversion: '<sip:100@pbx.example.com>;reason=unconditional',
    'History-Info': '<sip:100@pbx>;index=1',
  };
  expect(await say(pbx, 302, { Contact: contact, ...history })).toBe('100');
  expect(await say(pbx, 480)).toBe('301');
  const rung = await phone?.nextCall();
  expect(rung?.header('diversion')).toBe(history.Diversion);
  expect(rung?.header('history-info')).toBe(history['History-Info']);
  expect(rung?.header('x-meta-voip-only')).toBe('1');
  expect(rung?.callerName).toBe(caller.name);
  await Promise.all([rung?.firstAudio, call.firstAudio]);
  await until(() => (rung?.heard().rxPackets ?? 0) > 150 && call.heard().rxPackets > 150);
  expect(Math.abs(call.heard().heardHz / 620 - 1)).toBeLessThan(0.02);
  expect(Math.abs((rung?.heard().heardHz ?? 0) / 440 - 1)).toBeLessThan(0.02);
  await rung?.hangup();
  expect(await world.nextRecord()).toMatchObject({
    cause: 'phone-hangup',
    answered: true,
    target: 'pbx/100',
    redirects: [
      { status: 302, from: 'pbx/100', to: 'pbx/301' },
      { status: 480, from: 'pbx/301', to: 'phone1/201' },
    ],
  });
  await until(() => world.gateway.calls === 0);
});

it('ends a loop of 302, and goes on with the next target of the route', async () => {
  const { world, pbx } = await redirecting({ next: true });
  world.simulator.consumer(caller).call({ toneHz: 440 });
  const at = (user: string) => ({ Contact: `<sip:${user}@127.0.0.1:${pbx.port}>` });
  expect(await say(pbx, 302, at('101'))).toBe('100');
  expect(await say(pbx, 301, at('102'))).toBe('101');
  expect(await say(pbx, 302, at('100'))).toBe('102');
  const rung = await world.phones[0]?.nextCall();
  await rung?.answered;
  await rung?.hangup();
  const record = await world.nextRecord();
  expect(record).toMatchObject({ target: 'phone1/999' });
  expect((record['redirects'] as { refused?: string }[]).at(-1)).toEqual({
    status: 302,
    from: 'pbx/102',
    refused: 'loop',
  });
  expect(pbx.received.filter(({ method }) => method === 'INVITE')).toHaveLength(3);
  await until(() => world.gateway.calls === 0);
});

it('follows five, and no more', async () => {
  const { world, pbx } = await redirecting();
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  for (let i = 0; i < 6; i++) await say(pbx, 302, { Contact: `<sip:30${i}@127.0.0.1:${pbx.port}>` });
  expect(await call.ended).toMatchObject({ by: 'business', action: 'reject' });
  const record = await world.nextRecord();
  expect(record).toMatchObject({ answered: false, sipStatus: 302, cause: 'unreachable' });
  expect((record['redirects'] as object[]).at(-1)).toMatchObject({ refused: 'too-many' });
  expect(pbx.received.filter(({ method }) => method === 'INVITE')).toHaveLength(6);
  await until(() => world.gateway.calls === 0);
});

it.each([
  ['a number of the PSTN', 'sip:+4912345678@127.0.0.1', 'ROUTING_TARGET_PSTN'],
  ['a telephone', 'tel:+4912345678', 'ROUTING_TARGET_PSTN'],
  ['a stranger', 'sip:201@192.0.2.7', 'ROUTING_TARGET_ELSEWHERE'],
  ['an extension that no pattern names', 'sip:777@127.0.0.1', 'ROUTING_TARGET_NOT_ALLOWED'],
])('does not follow a 302 to %s: counted, and the next target rings', async (_what, uri, code) => {
  const { world, pbx } = await redirecting({ next: true });
  world.simulator.consumer(caller).call({ toneHz: 440 });
  expect(await say(pbx, 302, { Contact: `<${uri}>` })).toBe('100');
  const rung = await world.phones[0]?.nextCall();
  await rung?.answered;
  await rung?.hangup();
  expect(await world.nextRecord()).toMatchObject({
    target: 'phone1/999',
    redirects: [{ status: 302, from: 'pbx/100', refused: code }],
  });
  expect(await refusals(world)).toBe(`msgw_voip_only_refusals_total{by="redirect",code="${code}"} 1`);
  await until(() => world.gateway.calls === 0);
});

it('cancels the phone that a 302 led to when the consumer hangs up', async () => {
  const { world, pbx } = await redirecting();
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  await say(pbx, 302, { Contact: `<sip:301@127.0.0.1:${pbx.port}>` });
  const invite = await pbx.request('INVITE');
  pbx.respond(invite, 180);
  await call.hangup();
  const cancel = await pbx.request('CANCEL');
  pbx.respond(cancel, 200);
  pbx.respond(invite, 487);
  await pbx.request('ACK');
  expect(await world.nextRecord()).toMatchObject({ cause: 'cancelled' });
  await until(() => world.gateway.calls === 0);
});
