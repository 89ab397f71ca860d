import { describe, expect, it } from 'vitest';
import { APP, clientOfSim, SIM_PAGE } from './graph-client.ts';
import { SECRET, start, TOKEN } from './world.ts';

describe('a simulated Page and its app', () => {
  it.each(['lower', 'upper'] as const)('has the calling feature, told in %s case', async (feature) => {
    const { simulator } = await start();
    simulator.page.forms = { feature };
    const { client } = clientOfSim(simulator);
    expect(await client.page.feature(SIM_PAGE)).toEqual({ ok: true, enabled: true, status: 'enabled' });
    simulator.page.feature = 'not_available';
    expect(await client.page.feature(SIM_PAGE)).toMatchObject({ enabled: false });
  });

  it.each(['boolean', 'text'] as const)(
    'is subscribed to, told as %s, and keeps other fields',
    async (subscribed) => {
      const { simulator } = await start({ appId: APP });
      simulator.page.forms = { subscribed };
      simulator.page.subscribed = ['messages'];
      const { client } = clientOfSim(simulator);
      const fields = ['messages', 'calls', 'call_permission_reply', 'call_settings_update'];
      expect(await client.page.subscribe(SIM_PAGE)).toEqual({ ok: true, fields });
      expect(await client.page.subscriptions(SIM_PAGE)).toEqual({
        ok: true,
        apps: [{ id: APP, name: 'Gateway', fields }],
      });
      expect(await client.page.subscribe(SIM_PAGE, ['shoe_size'])).toMatchObject({
        failure: { kind: 'invalid' },
      });
    },
  );

  it('has no app in its list when nobody is subscribed', async () => {
    const { simulator } = await start();
    simulator.page.subscribed = [];
    expect(await clientOfSim(simulator).client.page.subscriptions(SIM_PAGE)).toEqual({ ok: true, apps: [] });
  });

  it("tells the app about its Page's token, and nobody else", async () => {
    const { simulator } = await start({ appId: APP });
    const of = (more: object) =>
      clientOfSim(simulator, {
        credentials: () => ({ accessToken: TOKEN, appSecret: SECRET, appId: APP, ...more }),
      }).client.page.token(SIM_PAGE);
    expect(await of({})).toMatchObject({ ok: true, token: { valid: true, profileId: '10', appId: APP } });
    expect(await of({ accessToken: 'other' })).toMatchObject({ ok: true, token: { valid: false } });
    expect(await of({ appSecret: 'wrong' })).toMatchObject({ ok: false, failure: { kind: 'credential' } });
    expect(await of({ appId: '1' })).toMatchObject({ ok: false, failure: { kind: 'credential' } });
  });

  it('keeps where webhooks go when the URL answers the handshake, and only then', async () => {
    const { simulator, receiver } = await start();
    const { client } = clientOfSim(simulator);
    const callbackUrl = await receiver.listenForHandshake('v');
    const wanted = { callbackUrl, verifyToken: 'v', fields: ['calls'] };
    expect(await client.page.appSubscriptions(SIM_PAGE)).toEqual({ ok: true, subscriptions: [] });
    expect(await client.page.subscribeApp(SIM_PAGE, { ...wanted, verifyToken: 'w' })).toMatchObject({
      ok: false,
    });
    expect(await client.page.subscribeApp(SIM_PAGE, wanted)).toMatchObject({ ok: true });
    expect(await client.page.appSubscriptions(SIM_PAGE)).toEqual({
      ok: true,
      subscriptions: [{ object: 'page', callbackUrl, active: true, fields: ['calls'] }],
    });
  });
});
