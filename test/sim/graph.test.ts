import { describe, expect, it } from 'vitest';
import type { Fault, MetaSimulator, ReplyForm } from '../../src/sim/index.ts';
import { accept, advanceUntil, ask, start, TOKEN } from './world.ts';

const drop = { drop: true };
const post = (simulator: MetaSimulator, body: object, path = '/v26.0/10/calls'): Promise<Response> =>
  fetch(`${simulator.graphUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify(body),
  });

describe('a fault that is told in an answer', () => {
  it.each<[Fault, number, RegExp, boolean]>([
    [
      { kind: 'error', code: 4, subcode: 7, text: 'slow down', httpStatus: 429 },
      429,
      /^\{"error":\{"message":"slow down".*"code":4,"error_subcode":7/,
      false,
    ],
    [{ kind: 'flat-error', code: 2 }, 400, /^\{"message":.*"code":2.*"is_transient":true/, false],
    [{ kind: 'error-in-200', code: 1 }, 200, /^\{"error":\{/, false],
    [{ kind: 'html-500' }, 500, /^<html>/, false],
    [{ kind: 'success-false' }, 200, /^\{"success":false\}$/, false],
    [{ kind: 'result-failure' }, 200, /^\{"result":"failure"\}$/, false],
    [{ kind: 'empty-200' }, 200, /^$/, true],
  ])('%j', async (fault, status, text, isDone) => {
    const { simulator } = await start();
    const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440, delivery: drop });
    simulator.faults.add({ ...fault, action: 'accept' });
    const response = await post(simulator, accept(call.id));
    expect(response.status).toBe(status);
    expect(await response.text()).toMatch(text);
    expect(call.state).toBe(isDone ? 'accepted' : 'ringing');
    expect(simulator.faults.pending).toEqual([]);
  });
});

describe('a fault without an answer', () => {
  it.each<[Fault['kind'], boolean]>([
    ['reset', false],
    ['reset-after', true],
  ])('%s', async (kind, isDone) => {
    const { simulator } = await start();
    const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440, delivery: drop });
    simulator.faults.add({ kind });
    await expect(post(simulator, accept(call.id))).rejects.toThrow('fetch failed');
    expect(call.state).toBe(isDone ? 'accepted' : 'ringing');
  });

  it.each<[Fault['kind'], boolean]>([
    ['hang', false],
    ['hang-after', true],
  ])('%s, until the simulator closes', async (kind, isDone) => {
    const { simulator } = await start();
    const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440, delivery: drop });
    simulator.faults.add({ kind });
    const asked = expect(post(simulator, accept(call.id))).rejects.toThrow('fetch failed');
    while (simulator.faults.pending.length > 0) await new Promise((resolve) => setImmediate(resolve));
    if (isDone) await call.accepted;
    else expect(call.state).toBe('ringing');
    await simulator.close();
    await asked;
  });

  it('slow: done at once, told after its time', async () => {
    const { simulator, clock } = await start();
    const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440, delivery: drop });
    simulator.faults.add({ kind: 'slow', delayMs: 3_000 });
    const began = clock.monotonic();
    let told: number | undefined;
    const asked = post(simulator, accept(call.id)).then(({ status }) => (told = status));
    await call.accepted;
    await advanceUntil(clock, () => told !== undefined);
    expect(await asked).toBe(200);
    expect(clock.monotonic() - began).toBeGreaterThanOrEqual(3_000);
  });
});

it('a fault of one action leaves the others alone, and lasts as often as it is told', async () => {
  const { simulator } = await start();
  const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440, delivery: drop });
  simulator.faults.add({ kind: 'html-500', action: 'terminate', times: 2 });
  expect((await ask(simulator, accept(call.id))).status).toBe(200);
  const terminate = { action: 'terminate', call_id: call.id };
  expect((await post(simulator, terminate)).status).toBe(500);
  expect((await post(simulator, terminate)).status).toBe(500);
  expect((await post(simulator, terminate)).status).toBe(200);
  await call.ended;
  expect((await ask(simulator, terminate)).body.error?.message).toMatch(/already terminated/);
});

describe('a reply to accept', () => {
  const sdp = /^v=0\r\n/;
  it.each<[ReplyForm, object]>([
    [
      {},
      {
        success: true,
        session: { sdp_response: { sdp_type: 'answer', sdp }, sdp_renegotiation: { sdp_type: 'offer', sdp } },
      },
    ],
    [{ sdpAsString: true }, { session: { sdp_response: sdp, sdp_renegotiation: sdp } }],
    [{ sdpAsJson: true }, { session: { sdp_response: /^\{"sdp_type":"answer"/ } }],
    [{ sessionAsString: true }, { session: /^\{"sdp_response":\{/ }],
    [{ callId: 'id' }, { id: /^c_/ }],
    [{ callId: 'both' }, { id: /^c_/, call_id: /^c_/ }],
    [{ telephoneEvent: true }, { session: { sdp_response: { sdp: /a=rtpmap:110 telephone-event\/48000/ } } }],
    [{ bumpVersion: true }, { session: { sdp_renegotiation: { sdp: /^v=0\r\no=- 123456 3 / } } }],
    [
      { otherUfrag: true },
      {
        session: {
          sdp_response: { sdp: /a=ice-ufrag:\w+\/57\r/ },
          sdp_renegotiation: { sdp: /a=ice-ufrag:\w+\/\/57\r/ },
        },
      },
    ],
  ])('%j', async (reply, wanted) => {
    const { simulator } = await start();
    const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440, delivery: drop, reply });
    expect((await ask(simulator, accept(call.id))).body).toMatchObject(matching(wanted) as object);
  });

  it.each<[ReplyForm, string]>([
    [{ withoutSdp: true }, 'session'],
    [{ withoutRenegotiation: true }, 'sdp_renegotiation'],
    [{}, '"id"'],
  ])('%j lacks %s', async (reply, missing) => {
    const { simulator } = await start();
    const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440, delivery: drop, reply });
    const { status, body } = await ask(simulator, accept(call.id));
    expect(status).toBe(200);
    expect(JSON.stringify(body)).not.toContain(missing);
  });
});

it('gives the calling numbers as subcodes of 100 when told to', async () => {
  const { simulator } = await start({ callingErrorsAsSubcode: true });
  expect((await ask(simulator, accept('c_nobody'))).body.error).toMatchObject({
    code: 100,
    error_subcode: 2018390,
  });
  const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440, delivery: drop });
  expect((await ask(simulator, accept(call.id, 'v=1'))).body.error?.error_subcode).toBe(2018392);
  expect((await ask(simulator, { ...accept(call.id), session: null })).body.error?.error_subcode).toBe(
    2018391,
  );
});

it('tells the usage of the quota in both headers, or not at all', async () => {
  const { simulator } = await start();
  simulator.usage = { percent: 92, regainMinutes: 4 };
  const { headers } = await post(simulator, accept('c_nobody'));
  expect(JSON.parse(headers.get('x-app-usage') ?? '')).toMatchObject({ call_count: 92 });
  expect(JSON.parse(headers.get('x-business-use-case-usage') ?? '')).toMatchObject({
    10: [{ type: 'messenger', estimated_time_to_regain_access: 4 }],
  });
  simulator.usage = undefined;
  expect((await post(simulator, accept('c_nobody'))).headers.get('x-app-usage')).toBeNull();
});

it('knows no path that Graph has not', async () => {
  const { simulator } = await start();
  for (const path of ['/10/calls', '/latest/10/calls', '/v26.0/10/tags', '/v26/10/calls']) {
    expect((await post(simulator, {}, path)).status).toBe(404);
  }
});

describe('the profile', () => {
  const read = async (simulator: MetaSimulator, fields: string): Promise<Record<string, unknown>> => {
    const response = await fetch(`${simulator.graphUrl}/v26.0/7?fields=${fields}`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    return (await response.json()) as Record<string, unknown>;
  };

  it('has the fields asked for, and fails whole for one that is withheld or unknown', async () => {
    const { simulator } = await start();
    expect(await read(simulator, 'name')).toMatchObject({ error: { error_subcode: 2018001 } });
    simulator.consumer({ psid: '7', name: 'Amina N. Otieno', withheld: ['name'] });
    expect(await read(simulator, 'first_name,last_name')).toEqual({
      id: '7',
      first_name: 'Amina',
      last_name: 'N. Otieno',
    });
    expect(await read(simulator, 'name,first_name')).toMatchObject({ error: { code: 2018247 } });
    expect(await read(simulator, 'shoe_size')).toMatchObject({ error: { code: 100 } });
  });

  it('has a picture, when it is asked for', async () => {
    const { simulator } = await start();
    simulator.consumer({ psid: '7', name: 'Amina' });
    expect(await read(simulator, 'profile_pic')).toEqual({
      id: '7',
      profile_pic: expect.stringMatching(/^https:/),
    });
  });

  it.each([
    ['unavailable', 2018218],
    ['forbidden', 2018247],
  ] as const)('may be %s', async (refused, code) => {
    const { simulator } = await start();
    simulator.consumer({ psid: '7', name: 'Amina', refused });
    expect(await read(simulator, 'name')).toMatchObject({ error: { code } });
  });
});

/** Expressions in a shape as what they match. */
function matching(shape: unknown): unknown {
  if (shape instanceof RegExp) return expect.stringMatching(shape);
  if (typeof shape !== 'object' || shape === null) return shape;
  return Object.fromEntries(Object.entries(shape).map(([key, value]) => [key, matching(value)]));
}
