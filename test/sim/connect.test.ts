import { describe, expect, it } from 'vitest';
import type { MetaSimulator } from '../../src/sim/index.ts';
import { accept, ask, start } from './world.ts';

const PSID = '7654321098765432';
/** A good offer, as accept takes it. */
const session = (accept('c_x') as { session: object }).session;
const body = (more: object = {}): object => ({
  platform: 'messenger',
  action: 'connect',
  to: PSID,
  session,
  ...more,
});

describe('connect is refused', () => {
  it.each<[string, object, (simulator: MetaSimulator) => void, object]>([
    ['without a person', { to: undefined }, () => {}, { code: 100 }],
    ['to a person whose id is a number', { to: 7 }, () => {}, { code: 100 }],
    ['to somebody whom Meta does not know', { to: '1' }, () => {}, { code: 100, error_subcode: 2018001 }],
    [
      'to somebody who does not permit it',
      {},
      (simulator) => simulator.consumer({ psid: PSID, permission: false }),
      { code: 100, message: expect.stringMatching(/permission/) },
    ],
    ['without a session', { session: undefined }, () => {}, { code: 2018391 }],
    ['with an answer', { session: { ...session, sdp_type: 'answer' } }, () => {}, { code: 2018392 }],
    [
      'while a call with this person is under way',
      {},
      (simulator) => simulator.consumer({ psid: PSID }).call({ toneHz: 440, delivery: { drop: true } }),
      { code: 100, message: expect.stringMatching(/in progress/) },
    ],
    [
      'with calling switched off',
      {},
      (simulator) => {
        simulator.audioEnabled = false;
      },
      { error_subcode: 1893056 },
    ],
  ])('%s', async (_, more, prepare, error) => {
    const { simulator } = await start();
    simulator.consumer({ psid: PSID, permission: true });
    prepare(simulator);
    const before = simulator.calls.length;
    const answer = await ask(simulator, body(more));
    expect(answer.status).toBe(400);
    expect(answer.body['error']).toMatchObject(error);
    expect(simulator.calls).toHaveLength(before);
  });
});

it('a placed call cannot be accepted or rejected, only ended', async () => {
  const { simulator } = await start();
  simulator.consumer({ psid: PSID, permission: true, whenCalled: { does: 'ignore' } });
  simulator.connectDelivery = { drop: true };
  const placed = await ask(simulator, body());
  expect(placed.body).toMatchObject({ success: true, session: { sdp_response: { sdp_type: 'answer' } } });
  expect(placed.body['session']).not.toHaveProperty('sdp_renegotiation');
  const id = String(placed.body['id']);
  for (const action of ['accept', 'reject']) {
    const answer = await ask(simulator, { ...accept(id), action });
    expect(answer.body['error'], action).toMatchObject({ code: 100 });
  }
  const ended = await ask(simulator, { platform: 'messenger', action: 'terminate', call_id: id });
  expect(ended.body).toEqual({ success: true });
});

it('the id of a placed call comes under the name that is asked for', async () => {
  for (const [callId, keys] of [
    [undefined, ['id']],
    ['call_id', ['call_id']],
    ['both', ['id', 'call_id']],
  ] as const) {
    const { simulator } = await start();
    simulator.consumer({ psid: PSID, permission: true, whenCalled: { does: 'ignore' } });
    simulator.connectDelivery = { drop: true };
    simulator.connectReply = { ...(callId ? { callId } : {}), sdpAsString: true };
    const { body: reply } = await ask(simulator, body());
    expect(['id', 'call_id'].filter((key) => key in reply)).toEqual(keys);
    expect((reply['session'] as Record<string, unknown>)['sdp_response']).toMatch(/^v=0/);
  }
});
