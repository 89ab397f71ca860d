import { expect, test } from 'vitest';
import { connectSrf, SDP, startApp, startServer } from './support/app.ts';
import { Bench } from './support/bench.ts';
import type { SrfMessage } from './support/srf.ts';

const BYE = ['BYE sip:placeholder SIP/2.0'];

/** A bench whose application routes cdrs too. */
function recording(): Bench {
  const bench = new Bench();
  for (const kind of ['attempt', 'start', 'stop']) bench.routes.add(`cdr:${kind}`);
  return bench;
}

/** Takes the cdr frames: their tokens without the time, and the first word or status of their message. */
function records(bench: Bench): string[] {
  const all = bench.frames.splice(0);
  return all
    .filter(({ tokens }) => tokens[0]!.startsWith('cdr:'))
    .map(({ tokens, message }) => {
      const [kind = '', source, time, ...rest] = tokens;
      expect(time).toMatch(/^\d\d:\d\d:\d\d\.\d{6}$/);
      const words = message.split('\r\n', 1)[0]!.split(' ');
      return [kind.slice(4), source, ...rest, words[0] === 'SIP/2.0' ? words[1] : words[0]].join(' ');
    });
}

test('a call of the peer: attempt, start, and the stop with what ended it', () => {
  const bench = recording();
  const { dialogId, tag } = bench.accepted();
  bench.request('INVITE', { callId: 'b', branch: 'z9hG4bK-b' });
  bench.frame({ transactionId: bench.frames.find(({ tokens }) => tokens[0] === 'sip')!.tokens[7]! }, [
    'SIP/2.0 486 Busy Here',
  ]);
  expect(records(bench)).toEqual(['attempt network INVITE', 'stop application call-rejected 486']);
  bench.request('BYE', { seq: 2, to: `<sip:us@127.0.0.1>;tag=${tag}` });
  expect(records(bench)).toEqual(['stop network normal-release BYE']);
  expect(bench.frame({ dialogId }, BYE).tokens[2]).toBe('OK');
  expect(records(bench)).toEqual([]);
});

test('start as UAS and UAC', () => {
  const uas = recording();
  uas.request('INVITE');
  const { tokens } = uas.frames.find(({ tokens }) => tokens[0] === 'sip')!;
  uas.frame({ transactionId: tokens[7]! }, ['SIP/2.0 200 OK'], 'v=0\r\n');
  expect(records(uas)).toEqual(['attempt network INVITE', 'start application uas 200']);
  const uac = recording();
  const { request, dialogId } = uac.invite();
  uac.answer(request, 180);
  uac.answer(request, 200);
  uac.frame({ dialogId }, ['ACK sip:placeholder SIP/2.0']);
  uac.frame({ dialogId }, BYE);
  expect(records(uac)).toEqual([
    'attempt application INVITE',
    'start network uac 200',
    'stop application normal-release BYE',
  ]);
});

test('calls that come to nothing', () => {
  const rejected = recording();
  rejected.answer(rejected.invite().request, 603);
  expect(records(rejected)).toEqual(['attempt application INVITE', 'stop network call-rejected 603']);

  const silent = recording();
  silent.invite();
  silent.clock.advance(32_000);
  expect(records(silent)).toEqual(['attempt application INVITE', 'stop application call-rejected 408']);

  const cancelled = recording();
  const { transactionId, request } = cancelled.invite();
  cancelled.answer(request, 180);
  cancelled.frame({ transactionId }, ['CANCEL sip:peer@127.0.0.1 SIP/2.0']);
  cancelled.answer(request, 487);
  expect(records(cancelled)).toEqual(['attempt application INVITE', 'stop network call-canceled 487']);

  const given = recording();
  given.request('INVITE');
  given.request('CANCEL', { branch: 'z9hG4bK-INVITE-1' });
  expect(records(given)).toEqual(['attempt network INVITE', 'stop network call-canceled CANCEL']);
});

test('calls that the server ends', () => {
  const unacknowledged = recording();
  unacknowledged.request('INVITE');
  const { tokens } = unacknowledged.frames.find(({ tokens }) => tokens[0] === 'sip')!;
  unacknowledged.frame({ transactionId: tokens[7]! }, ['SIP/2.0 200 OK'], 'v=0\r\n');
  records(unacknowledged);
  unacknowledged.clock.advance(32_000);
  expect(records(unacknowledged)).toEqual(['stop application system-initiated-termination BYE']);

  const expired = recording();
  const { request, dialogId } = expired.invite(['Session-Expires: 90', 'Supported: timer']);
  expired.answer(request, 200, {
    headers: ['Contact: <sip:peer@127.0.0.1:5080>', 'Session-Expires: 90;refresher=uas'],
  });
  expired.frame({ dialogId }, ['ACK sip:placeholder SIP/2.0']);
  records(expired);
  expired.clock.advance(90_000);
  expect(records(expired)).toEqual(['stop application session-expired BYE']);

  const crossed = recording();
  const call = crossed.invite();
  crossed.answer(call.request, 180);
  crossed.frame({ transactionId: call.transactionId }, ['CANCEL sip:peer@127.0.0.1 SIP/2.0']);
  crossed.answer(call.request, 200);
  crossed.frame({ dialogId: call.dialogId }, ['ACK sip:placeholder SIP/2.0']);
  expect(records(crossed)).toEqual([
    'attempt application INVITE',
    'start network uac 200',
    'stop application call-canceled BYE',
  ]);
});

test('re-INVITEs, subscriptions and other requests make no records', () => {
  const bench = recording();
  bench.routes.add('SUBSCRIBE');
  const { dialogId } = bench.established();
  bench.frame({ dialogId }, ['INVITE sip:placeholder SIP/2.0'], 'v=0\r\n');
  bench.answer(bench.one(), 488);
  bench.request('SUBSCRIBE', { callId: 'sub' });
  bench.frame({ transactionId: bench.frames.at(-1)!.tokens[7]! }, ['SIP/2.0 489 Bad Event']);
  expect(records(bench)).toEqual([]);
});

test('drachtio-srf hears of them on the applications that asked, in turn', async () => {
  const heard: string[] = [];
  const b = await startApp((srf) => {
    srf.on('cdr:attempt', (source: string, _time: string, msg: SrfMessage) =>
      heard.push(`attempt ${source} ${msg.get('To')?.slice(0, 8)}`),
    );
    srf.on('cdr:start', (source: string, _time: string, role: string) =>
      heard.push(`start ${source} ${role}`),
    );
    srf.on('cdr:stop', (source: string, _time: string, reason: string) =>
      heard.push(`stop ${source} ${reason}`),
    );
    srf.invite((req, res) => void srf.createUAS(req, res, { localSdp: SDP(4000) }));
  });
  const a = await startApp();
  const uac = await a.srf.createUAC(`sip:bob@${b.address}`, { localSdp: SDP(5000) });
  const response = uac.destroy();
  await response;
  await expect.poll(() => heard.length).toBe(3);
  expect(heard).toEqual(['attempt network <sip:bob', 'start application uas', 'stop network normal-release']);
  await Promise.all([a.close(), b.close()]);
});

test('each kind takes turns by itself: records of calls do not send every call to one application', async () => {
  const server = await startServer();
  const served: string[] = [];
  const attempts: string[] = [];
  const apps = [];
  for (const name of ['a', 'b']) {
    apps.push(
      await connectSrf(server, (srf) => {
        srf.on('cdr:attempt', () => attempts.push(name));
        srf.invite((_req, res) => {
          served.push(name);
          res.send(486);
        });
      }),
    );
  }
  const caller = await startApp();
  const { address, port } = server.contacts[0]!;
  for (let i = 0; i < 4; i++)
    await caller.srf.createUAC(`sip:${i}@${address}:${port}`, { localSdp: SDP(5000) }).catch(() => {});
  await expect.poll(() => attempts.length).toBe(4);
  expect(served.filter((name) => name === 'a')).toHaveLength(2);
  expect(attempts.filter((name) => name === 'a')).toHaveLength(2);
  for (const app of apps) app.disconnect();
  await Promise.all([caller.close(), server.close()]);
});
