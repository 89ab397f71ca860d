import { Writable } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { DEMO_PAGE } from '../../src/cli/demo/world.ts';
import { createLogger } from '../../src/observe/index.ts';
import { caller, graphOf, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const now = (): number => Math.floor(Date.now() / 1000);
const body = (calls: readonly object[], page = DEMO_PAGE): string =>
  JSON.stringify({ object: 'page', entry: [{ id: page, time: now(), calls }] });
const connect = (id: string, more: object = {}): object => ({
  id,
  event: 'connect',
  from: caller.psid,
  to: DEMO_PAGE,
  timestamp: now(),
  call_direction: 'user_initiated',
  ...more,
});

function logged(): { log: ReturnType<typeof createLogger>; lines: () => Record<string, unknown>[] } {
  const chunks: string[] = [];
  const destination = new Writable({
    write: (chunk, _encoding, done) => {
      chunks.push(String(chunk));
      done();
    },
  });
  const log = createLogger({ level: 'debug', destination });
  return {
    log,
    lines: () =>
      chunks
        .join('')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
  };
}

it('answers 401 to a wrong, missing or foreign signature, and does nothing', async () => {
  const world = await start();
  const { webhooks } = world.simulator;
  for (const signature of ['sha256=00', `sha256=${'0'.repeat(64)}`, 'sha1=abc', 'garbage']) {
    expect(await webhooks.raw(body([connect('c_forged')]), signature)).toBe(401);
  }
  const response = await fetch(world.gateway.webhookUrl, {
    method: 'POST',
    body: body([connect('c_forged')]),
  });
  expect(response.status).toBe(401);
  expect(await webhooks.handshake('demo-verify-token')).toBe(true);
  expect(await webhooks.handshake('wrong')).toBe(false);
  expect(world.phones[0]?.calls).toHaveLength(0);
  expect(world.gateway.calls).toBe(0);
});

it('answers 200 to what is signed but senseless, logs it, makes no call, and still takes the next one', async () => {
  const { log, lines } = logged();
  const world = await start({ log });
  const { webhooks } = world.simulator;
  for (const senseless of [
    '',
    '{',
    '[]',
    'null',
    '"text"',
    '{"object":"page","entry":{}}',
    '{"object":"user"}',
  ]) {
    expect(await webhooks.raw(senseless)).toBe(200);
  }
  expect(await webhooks.raw(body([connect('c_elsewhere')], '999'))).toBe(200);
  expect(await webhooks.raw(body([{ id: 'c_odd', event: 'levitate' }, null as never, connect('')]))).toBe(
    200,
  );
  await until(() => lines().some(({ msg }) => msg === 'webhook.unknown-page'));
  expect(lines().filter(({ msg }) => msg === 'webhook.malformed').length).toBeGreaterThanOrEqual(5);
  expect(world.gateway.calls).toBe(0);
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  const phone = await world.phones[0]?.nextCall();
  expect(phone?.header('x-meta-call-id')).toBe(call.id);
  await call.hangup();
  await until(() => world.gateway.calls === 0);
});

it('takes 5 MB and 1000 items, refuses 9 MB', async () => {
  const { log, lines } = logged();
  const world = await start({ log });
  const items = Array.from({ length: 1_000 }, (_, i) => ({
    id: `c_${i}`,
    event: 'terminate',
    status: 'Completed',
    timestamp: now(),
  }));
  expect(await world.simulator.webhooks.raw(body(items))).toBe(200);
  const large = body([
    { id: 'c_large', event: 'terminate', status: 'x'.repeat(5_000_000), timestamp: now() },
  ]);
  expect(await world.simulator.webhooks.raw(large)).toBe(200);
  expect(await world.simulator.webhooks.raw('x'.repeat(9_000_000))).toBe(413);
  await until(() => lines().filter(({ msg }) => msg === 'webhook.terminate-without-call').length === 1_001);
  expect(world.gateway.calls).toBe(0);
});

it('rings once for a connect that comes three times, in every form', async () => {
  const world = await start();
  const call = world.simulator.consumer(caller).call({ toneHz: 440, delivery: { copies: 3 } });
  const phone = await world.phones[0]?.nextCall();
  await Promise.all([call.firstAudio, phone?.firstAudio]);
  await call.hangup();
  await world.nextRecord();
  await until(() => world.gateway.calls === 0);
  expect(world.phones[0]?.calls).toHaveLength(1);
  expect(world.records).toHaveLength(1);
  expect(graphOf(world)).toEqual(['accept']);
});

it.each([
  ['changes[]', { changesForm: true }],
  ['ids as numbers', { numericIds: true }],
  ['milliseconds', { millisecondTimestamps: true }],
])('understands %s', async (_name, delivery) => {
  const world = await start();
  const call = world.simulator.consumer(caller).call({ toneHz: 440, delivery });
  const phone = await world.phones[0]?.nextCall();
  expect(phone?.callerUser).toBe(caller.psid);
  await Promise.all([call.firstAudio, phone?.firstAudio]);
  await phone?.hangup();
  expect(await world.nextRecord()).toMatchObject({ cause: 'phone-hangup' });
  await until(() => world.gateway.calls === 0);
});

it('never rings for a connect whose terminate came first, nor for one that is too old; both are recorded as missed', async () => {
  const world = await start();
  const { webhooks } = world.simulator;
  await webhooks.raw(body([{ id: 'c_gone', event: 'terminate', status: 'Completed', timestamp: now() }]));
  await webhooks.raw(body([connect('c_gone')]));
  expect(await world.nextRecord()).toMatchObject({ callId: 'c_gone', cause: 'missed' });
  await webhooks.raw(body([connect('c_old', { timestamp: now() - 61 })]));
  expect(await world.nextRecord()).toMatchObject({ callId: 'c_old', cause: 'missed' });
  await webhooks.raw(body([connect('c_ours', { call_direction: 'business_initiated' })]));
  expect(world.phones[0]?.calls).toHaveLength(0);
  expect(graphOf(world)).toEqual([]);
});

it('hangs up when terminate stays away, and needs none for its own record to be written', async () => {
  const world = await start();
  const call = world.simulator.consumer(caller).call({ toneHz: 440, delivery: { copies: 1 } });
  const phone = await world.phones[0]?.nextCall();
  await Promise.all([call.firstAudio, phone?.firstAudio]);
  // Late and foreign news change nothing.
  await world.simulator.webhooks.raw(body([connect(call.id, { timestamp: now() - 5 })]));
  await world.simulator.webhooks.raw(
    body([
      {
        id: call.id,
        event: 'media_update',
        timestamp: now(),
        session: { version: 1, sdp_renegotiation: 'garbage' },
      },
    ]),
  );
  await until(() => (phone?.heard().rxPackets ?? 0) > 60);
  expect(world.phones[0]?.calls).toHaveLength(1);
  await call.hangup();
  expect(await phone?.ended).toMatchObject({ how: 'BYE' });
  await until(() => world.gateway.calls === 0);
  // Delivered again, after the end.
  await world.simulator.webhooks.raw(
    body([{ id: call.id, event: 'terminate', status: 'Completed', timestamp: now() + 1 }]),
  );
  await world.simulator.webhooks.raw(body([connect(call.id, { timestamp: now() + 1 })]));
  expect(world.records.map(({ cause }) => cause)).toEqual(['consumer-hangup']);
  expect(world.phones[0]?.calls).toHaveLength(1);
});

it('rejects calls over the limit, and writes no secret and no name into its log above debug', async () => {
  const { log, lines } = logged();
  const world = await start({
    log,
    phones: [{ behaviour: 'never' }],
    configure: (yaml) => {
      yaml['limits'] = { maxCalls: 1 };
    },
  });
  const first = world.simulator.consumer(caller).call({ toneHz: 440 });
  await world.phones[0]?.nextCall();
  const second = world.simulator.consumer({ psid: '111', name: 'Someone Else' }).call({ toneHz: 440 });
  expect(await second.ended).toMatchObject({ by: 'business' });
  expect(await world.nextRecord()).toMatchObject({
    callId: second.id,
    cause: 'missed',
    detail: 'over-limit',
    endedBy: 'gateway',
    meta: { reject: 'done' },
  });
  await first.hangup();
  await world.nextRecord();
  await until(() => world.gateway.calls === 0);
  const text = lines()
    .filter(({ level }) => level !== 'debug')
    .map((line) => JSON.stringify(line))
    .join('\n');
  for (const secret of [
    'demo-page-token',
    'demo-app-secret',
    'demo-verify-token',
    'Amina',
    'Someone Else',
    'ice-pwd',
  ]) {
    expect(text).not.toContain(secret);
  }
});
