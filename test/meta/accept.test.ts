import { describe, expect, it } from 'vitest';
import { CALL, clientOf, PAGE } from './graph-client.ts';
import { closedUrl, graphError, graphServer, type Scripted } from './graph-server.ts';

const OFFER = 'v=0\no=- 1 1 IN IP4 203.0.113.10\ns=-\n';
const ANSWER = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n';
const AGAIN = 'v=0\r\no=- 1 3 IN IP4 127.0.0.1\r\n';
const answer = { sdp_type: 'answer', sdp: ANSWER };
const again = { sdp_type: 'offer', sdp: AGAIN };

/** One accept against a server that plays `scripted`. */
async function accept(scripted: Scripted) {
  const server = await graphServer(scripted);
  const outcome = await clientOf(server).client.accept(PAGE, CALL, OFFER);
  expect(server.seen).toHaveLength(1);
  return outcome;
}

describe('the request of accept', () => {
  it('has one form: lower case, session as an object, CRLF, the token in its header only', async () => {
    const server = await graphServer({});
    await clientOf(server).client.accept(PAGE, CALL, OFFER);
    const [seen] = server.seen;
    expect(JSON.parse(seen?.text ?? '')).toEqual({
      platform: 'messenger',
      call_id: CALL,
      action: 'accept',
      session: { sdp_type: 'offer', sdp: 'v=0\r\no=- 1 1 IN IP4 203.0.113.10\r\ns=-\r\n' },
    });
    expect(seen?.method).toBe('POST');
    expect(seen?.path).toBe(`/v26.0/${PAGE}/calls`);
    expect(seen?.headers['content-type']).toBe('application/json');
    expect(seen?.headers.authorization).toBe('Bearer PAGE-TOKEN-1');
    expect([...(seen?.query ?? [])]).toEqual([
      ['appsecret_proof', '12a615ee27e1defd0776113529ec91ec3f736f4aeb35a81887234c62d966cb86'],
    ]);
  });

  it('leaves appsecret_proof out where it is switched off or no secret is known', async () => {
    const server = await graphServer({});
    await clientOf(server, { sendAppSecretProof: false }).client.accept(PAGE, CALL, OFFER);
    await clientOf(server, { credentials: () => ({ accessToken: 'T' }) }).client.accept(PAGE, CALL, OFFER);
    expect(server.seen.map(({ query }) => query.size)).toEqual([0, 0]);
  });
});

describe('the reply to accept', () => {
  it.each<[string, object, boolean]>([
    ['objects', { session: { sdp_response: answer, sdp_renegotiation: again } }, true],
    ['bare strings', { session: { sdp_response: ANSWER, sdp_renegotiation: AGAIN } }, true],
    [
      'objects as JSON text',
      { session: { sdp_response: JSON.stringify(answer), sdp_renegotiation: JSON.stringify(again) } },
      true,
    ],
    [
      'the session as JSON text',
      { session: JSON.stringify({ sdp_response: answer, sdp_renegotiation: again }) },
      true,
    ],
    [
      'bare line feeds',
      {
        session: {
          sdp_response: { sdp_type: 'answer', sdp: ANSWER.replaceAll('\r', '').trimEnd() },
          sdp_renegotiation: AGAIN.replaceAll('\r\n', '\r\r\n'),
        },
      },
      true,
    ],
    ['the renegotiation in its place, but flat', { sdp_response: answer, sdp_renegotiation: AGAIN }, true],
    ['flat beside an empty session', { session: {}, sdp_response: ANSWER, sdp_renegotiation: AGAIN }, true],
    [
      'one in the session and one beside it',
      { session: { sdp_response: answer }, sdp_renegotiation: again },
      true,
    ],
    ['no renegotiation', { session: { sdp_response: answer } }, false],
    ['the session as the answer', { session: answer }, false],
    ['the session as a bare answer', { session: ANSWER }, false],
    ['a flat answer', { sdp: ANSWER, sdp_type: 'answer' }, false],
    [
      'an answer that is called an offer',
      { session: { sdp_response: { sdp_type: 'offer', sdp: ANSWER } } },
      false,
    ],
  ])('may hold the descriptions as %s', async (_form, body, renegotiates) => {
    expect(await accept({ body: { success: true, id: CALL, call_id: CALL, ...body } })).toEqual({
      ok: true,
      answerSdp: ANSWER,
      ...(renegotiates ? { renegotiationSdp: AGAIN } : {}),
    });
  });

  it.each<[string, Scripted]>([
    ['success alone', { body: { success: true } }],
    ['success as text', { body: { success: 'true', session: {} } }],
    ['an empty session', { body: { success: true, session: { sdp_response: '', sdp_renegotiation: null } } }],
    ['the bare word', { body: 'true' }],
    ['nothing at all', { body: '' }],
  ])('may be %s: accepted, and the answer is awaited elsewhere', async (_form, scripted) => {
    expect(await accept(scripted)).toEqual({ ok: true });
  });

  it.each(['offer', 'OFFER'])('is no answer when it is only our %s come back', async (type) => {
    const echo = { sdp_type: type, sdp: OFFER };
    expect(await accept({ body: { success: true, session: echo } })).toEqual({ ok: true });
  });

  it('keeps an answer that does not come: only a renegotiation offer', async () => {
    expect(await accept({ body: { success: true, session: { sdp_renegotiation: again } } })).toEqual({
      ok: true,
      renegotiationSdp: AGAIN,
    });
  });
});

describe('a definite refusal of accept', () => {
  it.each<[string, Scripted, string]>([
    ['ended', { status: 400, body: graphError(2018396) }, 'ended'],
    [
      'already accepted',
      { status: 400, body: graphError(100, { message: 'Call already accepted' }) },
      'already',
    ],
    [
      'another owner',
      { status: 403, body: graphError(100, { message: 'App is not the owner of the call' }) },
      'not-owner',
    ],
    [
      'bad SDP, flat',
      { status: 400, body: { message: 'Invalid', code: 100, error_subcode: 2018392 } },
      'bad-sdp',
    ],
    ['an error in a 200', { body: graphError(190, { subcode: 463 }) }, 'credential'],
    ['success: false', { body: { success: false } }, 'protocol'],
    ['throttled', { status: 429, body: '' }, 'throttled'],
    ['forbidden, in HTML', { status: 403, body: '<html>no</html>' }, 'permission'],
  ])('%s', async (_name, scripted, kind) => {
    expect(await accept(scripted)).toMatchObject({ ok: false, failure: { kind } });
  });

  it('is local when the Page has no token or the id is none: nothing is sent', async () => {
    const server = await graphServer({});
    const { client } = clientOf(server);
    expect(await client.accept('999', CALL, OFFER)).toMatchObject({
      ok: false,
      failure: { kind: 'credential' },
    });
    for (const page of ['..', 'a/b', '1?x=1', '']) {
      expect(await client.accept(page, CALL, OFFER)).toMatchObject({ failure: { kind: 'invalid' } });
    }
    expect(server.seen).toEqual([]);
  });

  it.each(['EAA1\n', 'EAA\u2028', 'EAA 1', ''])(
    'is local when the token is %j: nothing is sent',
    async (accessToken) => {
      const server = await graphServer({});
      const { client } = clientOf(server, { credentials: () => ({ accessToken }) });
      expect(await client.accept(PAGE, CALL, OFFER)).toMatchObject({
        ok: false,
        failure: { kind: 'credential', remedy: expect.stringContaining('accessToken') },
      });
      expect(await client.terminate(PAGE, CALL)).toMatchObject({ failure: { kind: 'credential' } });
      expect(server.seen).toEqual([]);
    },
  );

  it('is local when the address of Graph is none: nothing is sent', async () => {
    const outcome = await clientOf('graph.facebook.com').client.accept(PAGE, CALL, OFFER);
    expect(outcome).toMatchObject({ ok: false, failure: { kind: 'unreachable' } });
  });

  it('goes to the same path when the address of Graph ends in a slash', async () => {
    const server = await graphServer({});
    await clientOf(`${server.url}/`).client.accept(PAGE, CALL, OFFER);
    expect(server.seen[0]?.path).toBe(`/v26.0/${PAGE}/calls`);
  });

  it('tells when nothing can have been done because nothing was sent', async () => {
    const outcome = await clientOf(await closedUrl()).client.accept(PAGE, CALL, OFFER);
    expect(outcome).toMatchObject({ ok: false, failure: { kind: 'unreachable' } });
  });
});

describe('a lost reply to accept', () => {
  it.each<[string, Scripted]>([
    ['a reset', 'reset'],
    ['a reset within the reply', 'reset-in-reply'],
    ['HTTP 500 in HTML', { status: 500, body: '<html><body>Sorry, something went wrong.</body></html>' }],
    ['HTTP 503, empty', { status: 503, body: '' }],
    ['a passing fault', { status: 500, body: graphError(2, { transient: true }) }],
    ['a 200 in HTML', { body: '<html>Welcome to the hotel</html>' }],
    ['a 200 cut off', { body: '{"success":true,"session":{"sdp_resp' }],
    ['a 200 of megabytes', { body: `<html>${'x'.repeat(3_000_000)}</html>` }],
  ])('is ambiguous and never sent again: %s', async (_name, scripted) => {
    expect(await accept(scripted)).toMatchObject({ ok: false, failure: { kind: 'ambiguous' } });
  });

  it('is ambiguous after the time-out, which covers the whole exchange', async () => {
    const server = await graphServer('hang');
    const { client, clock } = clientOf(server);
    const outcome = client.accept(PAGE, CALL, OFFER);
    await server.taken(1);
    clock.advance(9_000);
    expect(await outcome).toMatchObject({ ok: false, failure: { kind: 'ambiguous', sipStatus: 504 } });
    expect(server.seen).toHaveLength(1);
    expect(clock.armed).toBe(0);
  });
});
