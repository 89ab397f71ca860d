import { describe, expect, it } from 'vitest';
import { clientOf, PAGE } from './graph-client.ts';
import { graphError, graphServer, type Scripted } from './graph-server.ts';

const PSID = '7654321098765432';
const OFFER = 'v=0\no=- 1 1 IN IP4 203.0.113.10\ns=-\n';
const ANSWER = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n';

async function connect(scripted: Scripted) {
  const server = await graphServer(scripted);
  const outcome = await clientOf(server).client.connect(PAGE, PSID, OFFER);
  expect(server.seen, 'a call is never placed twice').toHaveLength(1);
  return { outcome, seen: server.seen[0]! };
}

describe('connect', () => {
  it('has one form: the PSID in `to`, session as an object, CRLF', async () => {
    const { seen } = await connect({ body: { success: true } });
    expect(seen.path).toBe(`/v26.0/${PAGE}/calls`);
    expect(JSON.parse(seen.text)).toEqual({
      platform: 'messenger',
      to: PSID,
      action: 'connect',
      session: { sdp_type: 'offer', sdp: 'v=0\r\no=- 1 1 IN IP4 203.0.113.10\r\ns=-\r\n' },
    });
  });

  it.each<[string, object, string | undefined]>([
    ['id', { id: 'c_9' }, 'c_9'],
    ['call_id', { call_id: 'c_9' }, 'c_9'],
    ['both', { id: 'c_9', call_id: 'c_8' }, 'c_9'],
    ['a bare number beyond 2^53', { id: '@@12345678901234567890@@' }, '12345678901234567890'],
    ['nothing: a webhook will say', {}, undefined],
    ['what could write a header of its own', { id: 'c_9\r\nX: y' }, undefined],
  ])('the call is named by %s', async (_, name, callId) => {
    const body = { success: true, ...name, session: { sdp_response: { sdp_type: 'answer', sdp: ANSWER } } };
    const text = JSON.stringify(body).replaceAll(/"@@|@@"/g, '');
    const { outcome } = await connect({ body: text });
    expect(outcome).toEqual({ ok: true, ...(callId === undefined ? {} : { callId }), answerSdp: ANSWER });
  });

  it.each<[string, Scripted, string, number]>([
    [
      'no permission',
      { status: 400, body: graphError(100, { message: 'The user has not granted call permission' }) },
      'call-permission',
      403,
    ],
    ['no such person', { status: 400, body: graphError(100, { subcode: 2018001 }) }, 'person', 404],
    ['throttled', { status: 400, body: graphError(613) }, 'throttled', 503],
    ['a server fault: it may have been placed', { status: 500, body: '' }, 'ambiguous', 503],
    ['a lost reply', 'reset', 'ambiguous', 503],
    ['a lost half of the reply', 'reset-in-reply', 'ambiguous', 503],
  ])('%s', async (_, scripted, kind, sipStatus) => {
    const { outcome } = await connect(scripted);
    expect(outcome).toMatchObject({ ok: false, failure: { kind } });
    if (!outcome.ok && kind !== 'ambiguous') expect(outcome.failure.sipStatus).toBe(sipStatus);
  });
});

describe('a request for permission', () => {
  it('is one calling_optin message, and its id is found in all three places', async () => {
    for (const body of [
      { message_id: 'm_1', recipient_id: PSID },
      { recipient: { id: PSID }, message_id: 'm_1' },
      { recipient: { id: PSID, message_id: 'm_1' } },
    ]) {
      const server = await graphServer({ body });
      expect(await clientOf(server).client.requestPermission(PAGE, PSID)).toEqual({
        ok: true,
        messageId: 'm_1',
      });
      expect(server.seen[0]?.path).toBe(`/v26.0/${PAGE}/messages`);
      expect(JSON.parse(server.seen[0]?.text ?? '')).toEqual({
        recipient: { id: PSID },
        message: { attachment: { type: 'template', payload: { template_type: 'calling_optin' } } },
      });
    }
  });

  it('is not repeated when its reply is lost: a second one would cost quota', async () => {
    const server = await graphServer('reset');
    expect(await clientOf(server).client.requestPermission(PAGE, PSID)).toMatchObject({ ok: false });
    expect(server.seen).toHaveLength(1);
  });
});
