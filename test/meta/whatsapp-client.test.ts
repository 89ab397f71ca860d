import { describe, expect, it, onTestFinished } from 'vitest';
import { FAILURES, terminateFailure, WhatsAppClient } from '../../src/meta/index.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { graphError, graphServer, type Scripted } from './graph-server.ts';

const NUMBER = '550022';
const AMINA = '254711000002';
const CALL = 'wacid.Zx81';
const SDP = 'v=0\no=- 1 1 IN IP4 203.0.113.10\n';
const CRLF = 'v=0\r\no=- 1 1 IN IP4 203.0.113.10\r\n';

async function rig(...script: Scripted[]) {
  const server = await graphServer(...script);
  const client = new WhatsAppClient({
    baseUrl: server.url,
    version: 'v26.0',
    credentials: () => ({ accessToken: 'NUMBER-TOKEN', appSecret: 'secret' }),
    sendAppSecretProof: true,
    timeouts: { acceptMs: 9_000, endMs: 5_000, profileMs: 1_600, permissionMs: 4_000 },
    clock: new FakeClock(),
    log: silentLog,
    random: () => 0.5,
  });
  onTestFinished(() => client.close());
  const body = (): unknown => JSON.parse(server.seen[0]?.text ?? 'null');
  return { client, seen: server.seen, body };
}

const product = { messaging_product: 'whatsapp' };

describe('requests have one form', () => {
  it.each(['pre_accept', 'accept'] as const)('%s', async (action) => {
    const { client, seen, body } = await rig({ body: { success: true } });
    const outcome =
      action === 'accept' ? client.accept(NUMBER, CALL, SDP) : client.preAccept(NUMBER, CALL, SDP);
    expect(await outcome).toEqual({ ok: true });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: 'POST', path: `/v26.0/${NUMBER}/calls` });
    expect(seen[0]?.headers.authorization).toBe('Bearer NUMBER-TOKEN');
    expect(seen[0]?.query.get('appsecret_proof')).toMatch(/^[0-9a-f]{64}$/);
    const session = { sdp_type: 'answer', sdp: CRLF };
    expect(body()).toEqual({ ...product, call_id: CALL, action, session });
  });

  it('connect, with our word for the webhooks', async () => {
    const { client, body } = await rig({ body: { ...product, calls: [{ id: 'wacid.Ab92' }] } });
    expect(await client.connect(NUMBER, AMINA, SDP, 'out-1')).toEqual({ ok: true, callId: 'wacid.Ab92' });
    expect(body()).toEqual({
      ...product,
      to: AMINA,
      action: 'connect',
      session: { sdp_type: 'offer', sdp: CRLF },
      biz_opaque_callback_data: 'out-1',
    });
  });

  it('to a business-scoped id, which is no telephone number', async () => {
    const { client, seen } = await rig(
      { body: { ...product, calls: [{ id: 'wacid.1' }] } },
      { body: product },
    );
    await client.connect(NUMBER, 'KE.123', SDP);
    await client.requestPermission(NUMBER, 'KE.123');
    for (const { text } of seen) {
      expect(JSON.parse(text)).toMatchObject({ recipient: 'KE.123' });
      expect(JSON.parse(text)).not.toHaveProperty('to');
    }
  });

  it.each(['reject', 'terminate'] as const)('%s', async (action) => {
    const { client, body } = await rig({ body: { ...product, success: true } });
    expect(await client[action](NUMBER, CALL)).toEqual({ ok: true, already: false });
    expect(body()).toEqual({ ...product, call_id: CALL, action });
  });

  it('the request for permission', async () => {
    const { client, seen, body } = await rig({ body: { ...product, messages: [{ id: 'wamid.7' }] } });
    expect(await client.requestPermission(NUMBER, AMINA)).toEqual({ ok: true, messageId: 'wamid.7' });
    expect(seen[0]?.path).toBe(`/v26.0/${NUMBER}/messages`);
    expect(body()).toMatchObject({
      ...product,
      to: AMINA,
      type: 'interactive',
      interactive: {
        type: 'call_permission_request',
        action: { name: 'call_permission_request' },
      },
    });
  });
});

describe('permission', () => {
  it.each<[string, boolean, object]>([
    ['no_permission', false, { status: 'no-permission', canCall: false, canRequest: true }],
    ['temporary', true, { status: 'has-permission', canCall: true, expiresAtMs: 1_790_000_000_000 }],
    ['permanent', true, { status: 'has-permission', canCall: true }],
  ])('%s', async (status, can, wanted) => {
    const permission = { status, ...(status === 'temporary' ? { expiration_time: 1_790_000_000 } : {}) };
    const actions = [
      { action_name: 'send_call_permission_request', can_perform_action: true, limits: [] },
      { action_name: 'start_call', can_perform_action: can },
    ];
    const { client, seen } = await rig({ body: { ...product, permission, actions } });
    expect(await client.permission(NUMBER, AMINA)).toMatchObject({ ok: true, permission: wanted });
    expect(seen[0]).toMatchObject({ method: 'GET', path: `/v26.0/${NUMBER}/call_permissions` });
    expect(seen[0]?.query.get('user_wa_id')).toBe(AMINA);
  });

  it('who permits calls for good is not asked: code 138017 is no failure', async () => {
    const { client } = await rig({ status: 400, body: graphError(138_017) });
    expect(await client.requestPermission(NUMBER, AMINA)).toEqual({ ok: true });
  });
});

describe('failures', () => {
  it.each([
    [138_000, 403],
    [138_001, 480],
    [138_002, 503],
    [138_003, 486],
    [138_004, 500],
    [138_005, 503],
    [138_006, 403],
    [138_007, 504],
    [138_008, 488],
    [138_012, 403],
    [138_013, 403],
    [138_014, 403],
    [138_015, 403],
    [138_018, 403],
    [131_044, 403],
    [131_055, 500],
    [613, 503],
    [100, 488],
  ])('of connect: %i is SIP %i', async (code, sipStatus) => {
    const { client, seen } = await rig({ status: 400, body: graphError(code) });
    expect(await client.connect(NUMBER, AMINA, SDP)).toMatchObject({ ok: false, failure: { sipStatus } });
    expect(seen).toHaveLength(1);
  });

  it('a subcode says that a fingerprint is wrong', async () => {
    const { client } = await rig({ status: 400, body: graphError(100, { subcode: 2593093 }) });
    const outcome = await client.accept(NUMBER, CALL, SDP);
    expect(outcome).toMatchObject({ ok: false, failure: { kind: 'bad-sdp' } });
  });

  it.each(['reset', 'reset-in-reply'] as const)('a lost reply to accept is ambiguous: %s', async (how) => {
    const { client, seen } = await rig(how);
    expect(await client.accept(NUMBER, CALL, SDP)).toMatchObject({ failure: { kind: 'ambiguous' } });
    expect(seen).toHaveLength(1);
  });

  it('a call that is over needs no end', async () => {
    const { client } = await rig({ status: 400, body: graphError(100, { message: 'The call has ended' }) });
    expect(await client.terminate(NUMBER, CALL)).toEqual({ ok: true, already: true });
  });

  it.each([
    [138_019, 480],
    [138_020, 480],
    [138_021, 408],
    [138_022, 408],
    [138_023, 480],
  ])('of a terminate webhook: %i is SIP %i', (code, sipStatus) => {
    expect(terminateFailure(code)).toMatchObject({ sipStatus, code });
  });

  it('of a terminate webhook that nobody knows: nothing', () => {
    expect(terminateFailure(138_999)).toBeUndefined();
  });

  it('no number stands for two things', () => {
    const numbers = FAILURES.flatMap((row) => (row.text ? [] : (row.numbers ?? [])));
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});
