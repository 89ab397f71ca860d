import { expect, it } from 'vitest';
import type { MetaSimulator } from '../../src/sim/index.ts';
import { accept, ask, start } from './world.ts';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function sim(simulator: MetaSimulator, method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${simulator.graphUrl}/sim${path}`, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) };
}

it('places a call with nothing said, tells of it, and hangs it up', async () => {
  const { simulator, receiver } = await start();
  const { status, body } = await sim(simulator, 'POST', '/calls');
  expect(status).toBe(201);
  expect(body).toMatchObject({
    state: 'ringing',
    end: null,
    pageId: '10',
    heard: { rxPackets: 0 },
    relay: null,
  });
  await receiver.count(1);
  const path = `/calls/${String(body['id'])}`;
  expect((await sim(simulator, 'GET', path)).body).toMatchObject({ state: 'ringing' });
  expect(await sim(simulator, 'POST', `${path}/hangup`)).toMatchObject({
    status: 200,
    body: { state: 'ended', end: { by: 'consumer' } },
  });
  await receiver.count(2);
  expect((await sim(simulator, 'GET', '/calls')).body).toMatchObject([{ state: 'ended' }]);
  const { body: events } = await sim(simulator, 'GET', '/events');
  expect((events as unknown as { what: string }[]).map(({ what }) => what)).toEqual([
    'presses Call',
    'webhook connect',
    'hangs up',
    'webhook terminate',
  ]);
});

it('hangs up at once, however long the webhook is tried', async () => {
  const { simulator, receiver } = await start();
  receiver.answers = Array(100).fill(500);
  const { body } = await sim(simulator, 'POST', '/calls');
  expect((await sim(simulator, 'POST', `/calls/${String(body['id'])}/hangup`)).body['state']).toBe('ended');
});

it('passes every option on: caller, network, delivery and reply', async () => {
  const { simulator, receiver } = await start();
  const options = {
    psid: '8',
    name: 'Amina',
    toneHz: 500,
    dtx: true,
    fec: false,
    lossPercent: 3,
    jitterMs: 20,
    reorderPercent: 1,
    duplicatePercent: 1,
    delivery: { copies: 2, terminate: { drop: true } },
    reply: { callId: 'id', withoutRenegotiation: true },
    silenceDropMs: { start: 1_000, later: 2_000 },
  };
  const { body } = await sim(simulator, 'POST', '/calls', options);
  await receiver.count(2);
  const { psid, name, ...rest } = options;
  const call = simulator.call(String(body['id']));
  expect(call?.options).toEqual({ ...rest, platform: 'messenger', pageId: '10' });
  expect(call?.psid).toBe(psid);
  expect(simulator.profile(psid)).toEqual({ name });
  expect((await ask(simulator, accept(call?.id ?? ''))).body['id']).toBe(call?.id);
});

it.each<[string, object, RegExp]>([
  ['/calls', { toneHz: '440' }, /toneHz/],
  ['/calls', { toneHz: -1 }, /toneHz/],
  ['/calls', { tonehz: 440 }, /^"tonehz" is unknown/],
  ['/calls', { psid: 7 }, /psid/],
  ['/calls', { name: '' }, /name/],
  ['/calls', { lossPercent: 101 }, /lossPercent/],
  ['/calls', { dtx: 'yes' }, /dtx/],
  ['/calls', { delivery: { copies: 0 } }, /copies/],
  ['/calls', { delivery: { connect: { affter: 'terminate' } } }, /"delivery.connect.affter" is unknown/],
  ['/calls', { reply: { callId: 'none' } }, /callId/],
  ['/calls', { silenceDropMs: { start: 1 } }, /later/],
  ['/calls', [], /object/],
  ['/faults', { kind: 'explode' }, /kind/],
  ['/faults', {}, /kind/],
  ['/faults', { kind: 'error', code: '4' }, /code/],
  ['/faults', { kind: 'error', times: 0 }, /times/],
  ['/faults', { kind: 'error', action: 'call' }, /action/],
  ['/page', { audioEnabled: 'off' }, /audioEnabled/],
  ['/calls', { muted: 1 }, /^"muted" must be boolean\. Remedy/],
  ['/calls', { nam: 'Amina' }, /^"nam" is unknown\. Remedy/],
  ['/page', { usage: { percent: 3 } }, /regainMinutes/],
  ['/webhooks/flush', { reverse: true }, /"reverse" is unknown/],
])('%s refuses %j', async (path, body, message) => {
  const { simulator } = await start();
  const answer = await sim(simulator, 'POST', path, body);
  expect(answer.status).toBe(400);
  expect(answer.body['error']).toMatch(message);
  expect(simulator.calls).toEqual([]);
  expect(simulator.faults.pending).toEqual([]);
});

it('refuses keys that are none (400), and any before the call is connected (409)', async () => {
  const { simulator } = await start();
  const { body } = await sim(simulator, 'POST', '/calls');
  const path = `/calls/${String(body['id'])}/dtmf`;
  expect((await sim(simulator, 'POST', path, { digits: '12a' })).status).toBe(400);
  expect((await sim(simulator, 'POST', path, {})).status).toBe(400);
  expect(await sim(simulator, 'POST', path, { digits: '12#' })).toMatchObject({
    status: 409,
    body: { error: expect.stringMatching(/not connected/) },
  });
});

it('says 404 in its own words for what is not there', async () => {
  const { simulator } = await start();
  for (const [method, path] of [
    ['GET', '/calls/c_nobody'],
    ['POST', '/calls/c_nobody/hangup'],
    ['GET', '/calls/c_1/nothing'],
  ] as const) {
    const { status, body } = await sim(simulator, method, path);
    expect(status).toBe(404);
    expect(body['error']).toMatch(/c_nobody|nothing/);
  }
});

it('keeps faults until they are used or taken back', async () => {
  const { simulator } = await start();
  expect((await sim(simulator, 'POST', '/faults', { kind: 'error', code: 190, times: 2 })).status).toBe(204);
  await ask(simulator, accept('c_nobody'));
  expect((await sim(simulator, 'GET', '/faults')).body).toEqual([{ kind: 'error', code: 190, times: 1 }]);
  expect((await sim(simulator, 'DELETE', '/faults')).status).toBe(204);
  expect((await ask(simulator, accept('c_nobody'))).body.error?.code).toBe(2018390);
});

it('switches calling off, changes the usage, and gives a call to another app', async () => {
  const { simulator } = await start();
  await sim(simulator, 'POST', '/page', { audioEnabled: false, usage: null });
  expect((await ask(simulator, accept('c_nobody'))).body.error?.error_subcode).toBe(1893056);
  expect(simulator.usage).toBeUndefined();
  await sim(simulator, 'POST', '/page', { audioEnabled: true, usage: { percent: 99, regainMinutes: 5 } });
  expect(simulator.usage?.percent).toBe(99);
  const { body } = await sim(simulator, 'POST', '/calls');
  const id = String(body['id']);
  expect((await sim(simulator, 'POST', `/calls/${id}/elsewhere`)).body['state']).toBe('elsewhere');
  expect((await ask(simulator, accept(id))).status).toBe(403);
});

it('keeps webhooks back and sends them in one', async () => {
  const { simulator, receiver } = await start();
  await sim(simulator, 'POST', '/webhooks/hold');
  await sim(simulator, 'POST', '/calls');
  await sim(simulator, 'POST', '/calls');
  expect(receiver.bodies).toEqual([]);
  expect((await sim(simulator, 'POST', '/webhooks/flush', { grouped: true })).status).toBe(204);
  expect(receiver.entries(0)[0]?.calls).toHaveLength(2);
  expect((await sim(simulator, 'POST', '/webhooks/subscribe')).status).toBe(204);
});
