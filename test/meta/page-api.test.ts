import { describe, expect, it } from 'vitest';
import { clientOf, PAGE, SECRET, TOKEN } from './graph-client.ts';
import { graphError, graphServer } from './graph-server.ts';

const APP = '4711';
const withApp = { credentials: () => ({ accessToken: TOKEN, appSecret: SECRET, appId: APP }) };
const own = (...subscribed_fields: string[]) => ({ id: APP, name: 'Gateway', subscribed_fields });

describe('the feature status', () => {
  it.each([
    ['enabled', true, 'enabled'],
    ['ENABLED', true, 'enabled'],
    ['disabled', false, 'disabled'],
    ['in_review', false, 'in_review'],
    [undefined, false, ''],
  ])('%s: %s', async (status, enabled, word) => {
    const server = await graphServer({ body: { data: [{ feature: 'messenger_api_calling', status }] } });
    expect(await clientOf(server).client.page.feature(PAGE)).toEqual({ ok: true, enabled, status: word });
    expect(server.seen[0]).toMatchObject({
      method: 'POST',
      path: `/v26.0/${PAGE}/business_messaging_feature_status`,
    });
    expect(JSON.parse(server.seen[0]?.text ?? '')).toEqual({
      features: [{ feature: 'messenger_api_calling' }],
    });
  });

  it('is not enabled when Meta tells of other features, or of none', async () => {
    for (const body of [{}, { data: [] }, { data: [{ feature: 'other', status: 'enabled' }] }]) {
      const server = await graphServer({ body });
      expect(await clientOf(server).client.page.feature(PAGE)).toMatchObject({ ok: true, enabled: false });
    }
  });

  it('is asked again on a passing fault, despite POST', async () => {
    const server = await graphServer({ status: 503, body: '' }, {});
    expect(await clientOf(server).client.page.feature(PAGE)).toMatchObject({ ok: true });
    expect(server.seen).toHaveLength(2);
  });
});

describe('subscribed_apps', () => {
  it('lists apps with their fields; no app is an empty list', async () => {
    const server = await graphServer({
      body: { data: [own('calls'), { id: 12, subscribed_fields: 'x' }, {}] },
    });
    expect(await clientOf(server).client.page.subscriptions(PAGE)).toEqual({
      ok: true,
      apps: [
        { id: APP, name: 'Gateway', fields: ['calls'] },
        { id: '12', fields: [] },
      ],
    });
    const none = await graphServer({ body: { data: [] } });
    expect(await clientOf(none).client.page.subscriptions(PAGE)).toEqual({ ok: true, apps: [] });
  });

  it.each([
    ['success: true', { success: true }],
    ['success: "true"', { success: 'true' }],
  ])('keeps the fields that are set already; told as %s', async (_, body) => {
    const server = await graphServer({ body: { data: [own('messages', 'calls'), { id: '9' }] } }, { body });
    const fields = ['messages', 'calls', 'call_permission_reply', 'call_settings_update'];
    expect(await clientOf(server, withApp).client.page.subscribe(PAGE)).toEqual({ ok: true, fields });
    expect(server.seen.map(({ method }) => method)).toEqual(['GET', 'POST']);
    expect(server.seen[1]?.query.get('subscribed_fields')).toBe(fields.join(','));
    expect(server.seen[1]?.text).toBe('');
  });

  it('writes nothing when it cannot read what is set, or cannot tell whose', async () => {
    const deaf = await graphServer({ status: 403, body: graphError(200) });
    expect(await clientOf(deaf, withApp).client.page.subscribe(PAGE)).toMatchObject({ ok: false });
    expect(deaf.seen).toHaveLength(1);
    const two = await graphServer({ body: { data: [own('calls'), { id: '9' }] } });
    expect(await clientOf(two).client.page.subscribe(PAGE)).toMatchObject({ ok: false });
    expect(two.seen).toHaveLength(1);
  });
});

describe('debug_token', () => {
  it("is asked with the app's own token, and tells validity, end, scopes and Page", async () => {
    const data = {
      app_id: APP,
      is_valid: true,
      expires_at: 1_790_000_000,
      scopes: ['pages_messaging'],
      profile_id: PAGE,
    };
    const server = await graphServer({ body: { data } });
    expect(await clientOf(server, withApp).client.page.token(PAGE)).toEqual({
      ok: true,
      token: {
        valid: true,
        expiresAtMs: 1_790_000_000_000,
        scopes: ['pages_messaging'],
        profileId: PAGE,
        appId: APP,
      },
    });
    const [seen] = server.seen;
    expect(seen?.path).toBe('/v26.0/debug_token');
    expect(seen?.query.get('input_token')).toBe(TOKEN);
    expect(seen?.headers.authorization).toBe(`Bearer ${APP}|${SECRET}`);
  });

  it('0 as its end means that it has none', async () => {
    const server = await graphServer({ body: { data: { is_valid: true, expires_at: 0 } } });
    expect(await clientOf(server, withApp).client.page.token(PAGE)).toEqual({
      ok: true,
      token: { valid: true, scopes: [] },
    });
  });

  it('a token that is not valid is an answer', async () => {
    const server = await graphServer({
      body: { data: { is_valid: false, error: { code: 190, message: 'x' } } },
    });
    expect(await clientOf(server, withApp).client.page.token(PAGE)).toMatchObject({
      ok: true,
      token: { valid: false },
    });
  });
});

describe("the app's webhook", () => {
  it('is read in both forms of its fields', async () => {
    const row = { object: 'page', callback_url: 'https://x.example/hook', active: true };
    const fields = ['calls', { name: 'messages', version: 'v26.0' }];
    const server = await graphServer({ body: { data: [{ ...row, fields }] } });
    expect(await clientOf(server, withApp).client.page.appSubscriptions(PAGE)).toEqual({
      ok: true,
      subscriptions: [
        {
          object: 'page',
          callbackUrl: 'https://x.example/hook',
          active: true,
          fields: ['calls', 'messages'],
        },
      ],
    });
    expect(server.seen[0]?.path).toBe(`/v26.0/${APP}/subscriptions`);
  });

  it('is written with object, callback_url, verify_token and fields', async () => {
    const server = await graphServer({});
    const wanted = { callbackUrl: 'https://x.example/hook', verifyToken: 'v', fields: ['calls'] };
    expect(await clientOf(server, withApp).client.page.subscribeApp(PAGE, wanted)).toEqual({
      ok: true,
      fields: ['calls'],
    });
    expect(JSON.parse(server.seen[0]?.text ?? '')).toEqual({
      object: 'page',
      callback_url: 'https://x.example/hook',
      verify_token: 'v',
      fields: 'calls',
    });
  });
});
