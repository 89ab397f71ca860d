import { describe, expect, it } from 'vitest';
import { buildMetaOffer, MESSENGER_SDP, WHATSAPP_SDP } from '../../src/sdp/index.ts';
import type { MetaSimulator } from '../../src/sim/index.ts';
import { ask, start, TOKEN } from './world.ts';

const AMINA = '254711000002';
const parts = {
  sessionId: '123456',
  candidates: [{ foundation: '1', priority: 1, address: '127.0.0.1', port: 40_000 }],
  iceUfrag: 'abcd',
  icePwd: 'abcdefghijklmnopqrstuvwx',
  fingerprint: Array(32).fill('AB').join(':'),
  ssrc: 1,
  cname: 'c',
  streamId: 's',
  trackId: 't',
};
const offer = buildMetaOffer(parts, WHATSAPP_SDP);
const answer = offer.replace('actpass', 'active');
const product = { messaging_product: 'whatsapp' };

const words = (action: string, callId: string, sdp = answer, type = 'answer'): object => ({
  ...product,
  call_id: callId,
  action,
  session: { sdp_type: type, sdp },
});
const connect = (more: object = {}): object => ({
  ...product,
  to: AMINA,
  action: 'connect',
  session: { sdp_type: 'offer', sdp: offer },
  ...more,
});

async function called() {
  const world = await start({ platform: 'whatsapp' });
  const call = world.simulator.consumer({ psid: AMINA, name: 'Amina' }).call({ toneHz: 440 });
  await world.receiver.count(1);
  return { ...world, call };
}

async function codeOf(simulator: MetaSimulator, body: object): Promise<string> {
  const { error } = (await ask(simulator, body)).body;
  return `${error?.code ?? 'ok'}/${error?.error_subcode ?? ''}`;
}

async function get(simulator: MetaSimulator, path: string): Promise<unknown> {
  const response = await fetch(`${simulator.graphUrl}/v26.0/${path}`, {
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  return response.json();
}

it('offers in the connect webhook, in its own envelope with times as text', async () => {
  const { receiver, call } = await called();
  const body = JSON.parse(receiver.bodies[0]?.raw.toString() ?? '');
  expect(body).toMatchObject({
    object: 'whatsapp_business_account',
    entry: [
      {
        changes: [
          {
            field: 'calls',
            value: {
              ...product,
              metadata: { phone_number_id: '10' },
              contacts: [{ profile: { name: 'Amina' }, wa_id: AMINA }],
              calls: [
                {
                  id: call.id,
                  from: AMINA,
                  event: 'connect',
                  direction: 'USER_INITIATED',
                  timestamp: expect.stringMatching(/^\d+$/),
                  session: { sdp_type: 'offer', sdp: expect.stringMatching(/a=setup:actpass\r\n/) },
                },
              ],
            },
          },
        ],
      },
    ],
  });
});

it.each([
  ['an offer in place of an answer', answer, 'offer'],
  ['setup:actpass', offer, 'answer'],
  [
    "Messenger's mid and telephone-event",
    buildMetaOffer(parts, MESSENGER_SDP).replace('actpass', 'active'),
    'answer',
  ],
  ['two fingerprints', answer.replace(/(a=fingerprint.*\r\n)/, '$1$1'), 'answer'],
  ['a sha-512 fingerprint', answer.replace('sha-256', 'sha-512'), 'answer'],
  ['ice-lite', answer.replace('a=group', 'a=ice-lite\r\na=group'), 'answer'],
  ['bare line feeds', answer.replaceAll('\r\n', '\n'), 'answer'],
  ['two SSRCs', answer.replace('a=ssrc:1 cname', 'a=ssrc:2 cname'), 'answer'],
])('refuses %s (138008)', async (_name, sdp, type) => {
  const { simulator, call } = await called();
  expect(await codeOf(simulator, words('pre_accept', call.id, sdp, type))).toBe('138008/2593093');
  expect(call.preAnswer).toBeUndefined();
});

it('takes the same answer at accept, and no other', async () => {
  const { simulator, call } = await called();
  expect(await codeOf(simulator, words('pre_accept', call.id))).toBe('ok/');
  expect(await codeOf(simulator, words('pre_accept', call.id))).toBe('100/');
  expect(await codeOf(simulator, words('accept', call.id, answer.replace('abcd', 'abce')))).toBe(
    '138008/2593093',
  );
  expect(await codeOf(simulator, words('accept', call.id))).toBe('ok/');
  expect(await codeOf(simulator, words('accept', call.id))).toBe('100/');
  expect(await codeOf(simulator, words('reject', call.id))).toBe('100/');
  expect(await codeOf(simulator, words('terminate', call.id))).toBe('ok/');
  expect(await call.ended).toMatchObject({ by: 'business', action: 'terminate' });
});

it('wants the product, an action and a call; gives up after 30 s', async () => {
  const { simulator, call, clock } = await called();
  expect(await codeOf(simulator, { ...words('accept', call.id), messaging_product: undefined })).toBe('100/');
  expect(await codeOf(simulator, words('media_update', call.id))).toBe('100/');
  expect(await codeOf(simulator, words('accept', 'wacid.nobody'))).toBe('100/');
  simulator.audioEnabled = false;
  expect(await codeOf(simulator, words('accept', call.id))).toBe('138000/');
  simulator.audioEnabled = true;
  clock.advance(30_000);
  expect(await call.ended).toMatchObject({ status: 'Completed', by: 'meta' });
  expect(await codeOf(simulator, words('accept', call.id))).toBe('100/');
});

describe('calls of the business', () => {
  it('need a person, a permission and an offer, in this order; one at a time', async () => {
    const { simulator } = await start({ platform: 'whatsapp' });
    expect(await codeOf(simulator, connect({ to: 'nobody' }))).toBe('100/');
    expect(await codeOf(simulator, connect({ biz_opaque_callback_data: 'x'.repeat(513) }))).toBe('100/');
    expect(await codeOf(simulator, connect())).toBe('138001/');
    simulator.consumer({ psid: AMINA });
    expect(await codeOf(simulator, connect())).toBe('138006/');
    simulator.consumer({ psid: AMINA, permission: true });
    expect(await codeOf(simulator, connect({ session: { sdp_type: 'offer', sdp: answer } }))).toBe(
      '138008/2593093',
    );
    const placed = await ask(simulator, connect());
    expect(placed.body).toEqual({ ...product, calls: [{ id: expect.stringMatching(/^wacid\./) }] });
    expect(await codeOf(simulator, connect())).toBe('138003/');
  });

  it('ask once a day and twice a week; a connected call would begin anew', async () => {
    const { simulator, clock } = await start({ platform: 'whatsapp' });
    simulator.consumer({ psid: AMINA });
    const request = {
      ...product,
      to: AMINA,
      type: 'interactive',
      interactive: { type: 'call_permission_request', action: { name: 'call_permission_request' } },
    };
    const send = async (): Promise<number | undefined> => {
      const response = await fetch(`${simulator.graphUrl}/v26.0/10/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify(request),
      });
      return ((await response.json()) as { error?: { code: number } }).error?.code;
    };
    const day = 24 * 3_600_000;
    expect([await send(), await send()]).toEqual([undefined, 138_009]);
    clock.advance(day);
    expect([await send(), await send()]).toEqual([undefined, 138_009]);
    clock.advance(day);
    expect(await send()).toBe(138_009);
    expect(await get(simulator, `10/call_permissions?user_wa_id=${AMINA}`)).toMatchObject({
      permission: { status: 'no_permission' },
      actions: [
        { action_name: 'send_call_permission_request', can_perform_action: false },
        { action_name: 'start_call', can_perform_action: false },
      ],
    });
    simulator.consumers.permissions.resetRequests(AMINA);
    expect(await send()).toBeUndefined();
  });
});
