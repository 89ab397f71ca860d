import { describe, expect, it } from 'vitest';
import { parseWebhook } from '../../src/meta/index.ts';
import type { PageForms } from '../../src/sim/index.ts';
import { clientOfSim, SIM_PAGE } from './graph-client.ts';
import { start, TOKEN } from './world.ts';

const week = [{ day: 'MONDAY', open: '0800', close: '1730' }];
const ALL = {
  audioEnabled: true,
  iconEnabled: false,
  videoEnabled: true,
  ringTarget: 'PARTNERS',
  callHours: { timezoneId: 'Africa/Nairobi', weekly: week },
};

describe('the settings of a simulated Page', () => {
  it.each<PageForms>([
    { settings: 'data' },
    { settings: 'flat' },
    { settingsDone: 'result' },
    { settingsDone: 'success' },
    { routing: 'object' },
    { routing: 'text' },
    { video: 'video_enabled' },
    { video: 'video' },
  ])('are written and read back, in the form %j', async (forms) => {
    const { simulator } = await start();
    simulator.page.forms = forms;
    const { client } = clientOfSim(simulator);
    expect(await client.settings.set(SIM_PAGE, ALL)).toEqual({
      ok: true,
      verified: true,
      differs: [],
      settings: ALL,
    });
    // What is not named stays.
    expect(await client.settings.set(SIM_PAGE, { iconEnabled: true })).toMatchObject({
      verified: true,
      settings: { ...ALL, iconEnabled: true },
    });
  });

  it.each<NonNullable<PageForms['settingsHook']>>([
    'entry',
    'number',
    'recipient',
    'changes',
    'changes-whole',
  ])('are told in a webhook after a change, in the form %s', async (settingsHook) => {
    const { simulator, receiver } = await start();
    simulator.page.forms = { settingsHook };
    await clientOfSim(simulator).client.settings.set(SIM_PAGE, { ringTarget: 'META', audioEnabled: false });
    await receiver.count(1);
    const parsed = parseWebhook(receiver.bodies[0]?.raw ?? Buffer.alloc(0));
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        ignored: [],
        items: [{ kind: 'call_settings_update', pageId: '10', audioEnabled: false, ringTarget: 'META' }],
      },
    });
  });

  it.each<[string, object]>([
    ['an unknown key', { audio: true }],
    ['nothing', {}],
    ['a flag as text', { audio_enabled: 'true' }],
    ['a bad ring target', { call_routing: { ring_target: 'partners' } }],
    ['routing as text', { call_routing: 'PARTNERS' }],
    ['hours without a zone', { call_hours: { weekly_operating_hours: [] } }],
    ['an offset', { call_hours: { timezone_id: '+03:00', weekly_operating_hours: [] } }],
    [
      'a window over midnight',
      {
        call_hours: {
          timezone_id: 'Africa/Nairobi',
          weekly_operating_hours: [{ day_of_week: 'MONDAY', open_time: '2200', close_time: '0200' }],
        },
      },
    ],
    [
      'a day twice',
      {
        call_hours: {
          timezone_id: 'Africa/Nairobi',
          weekly_operating_hours: [1, 2].map(() => ({
            day_of_week: 'MONDAY',
            open_time: '0800',
            close_time: '1000',
          })),
        },
      },
    ],
  ])('are not changed by %s (100)', async (_, body) => {
    const { simulator } = await start();
    const before = simulator.page.settings;
    const response = await fetch(`${simulator.graphUrl}/v26.0/10/messenger_call_settings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify(body),
    });
    expect(await response.json()).toMatchObject({ error: { code: 100 } });
    expect(simulator.page.settings).toEqual(before);
  });

  it('route calls to partners only after a subscription to calls', async () => {
    const { simulator } = await start();
    simulator.page.subscribed = ['messages'];
    const { client } = clientOfSim(simulator);
    expect(await client.settings.set(SIM_PAGE, { ringTarget: 'PARTNERS' })).toMatchObject({
      ok: false,
      failure: { kind: 'invalid' },
    });
    expect(await client.settings.set(SIM_PAGE, { ringTarget: 'META' })).toMatchObject({ verified: true });
  });

  it('let nothing of a call through while audio is off (1893056)', async () => {
    const { simulator } = await start();
    simulator.consumer({ psid: '7', permission: true });
    const { client } = clientOfSim(simulator);
    await client.settings.set(SIM_PAGE, { audioEnabled: false });
    expect(await client.permission(SIM_PAGE, '7')).toMatchObject({
      ok: false,
      failure: { kind: 'settings' },
    });
    await client.settings.set(SIM_PAGE, { audioEnabled: true });
    expect(await client.permission(SIM_PAGE, '7')).toMatchObject({ ok: true });
  });

  it.each([
    ['routed to META', { ringTarget: 'META' }, undefined],
    ['without a subscription to calls', {}, ['messages']],
  ] as const)('%s: a consumer calls, and the gateway is told nothing', async (_, body, subscribed) => {
    const { simulator, receiver } = await start();
    if ('ringTarget' in body) simulator.page.settings = { ...simulator.page.settings, ring_target: 'META' };
    if (subscribed) simulator.page.subscribed = subscribed;
    const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440 });
    await call.hangup();
    await call.ended;
    expect(receiver.bodies).toEqual([]);
  });
});
