import { describe, expect, it } from 'vitest';
import type { PageForms } from '../../src/sim/index.ts';
import { clientOfSim, SIM_PAGE } from './graph-client.ts';
import { start, TOKEN } from './world.ts';

const above = { template: 'button', text: 'Questions?' } as const;

describe('messages to a simulated consumer', () => {
  it.each<NonNullable<PageForms['messageId']> | undefined>([undefined, 'beside', 'inside', 'flat'])(
    'are shown, and told with their id: %s',
    async (messageId) => {
      const { simulator } = await start();
      simulator.consumer({ psid: '7' });
      simulator.page.forms = messageId ? { messageId } : {};
      const { messages } = clientOfSim(simulator).client;
      const named = { ok: true, messageId: expect.stringMatching(/^m_/) };
      expect(await messages.requestPermission(SIM_PAGE, '7')).toEqual(named);
      expect(await messages.prompt(SIM_PAGE, '7', 3)).toEqual(named);
      expect(await messages.button(SIM_PAGE, '7', { title: 'Call', expiresInDays: 7, above })).toEqual(named);
      const card = { template: 'generic', heading: 'Help' } as const;
      expect(await messages.button(SIM_PAGE, '7', { title: 'Call', above: card })).toEqual(named);
      expect(simulator.events.map(({ what }) => what).filter((what) => /asks|shows/.test(what))).toEqual([
        'asks for permission to call',
        'shows a prompt to call',
        'shows a button to call',
        'shows a button to call',
      ]);
    },
  );

  it('are refused when the window of 24 hours is closed (10/2018278)', async () => {
    const { simulator } = await start();
    simulator.consumer({ psid: '7', windowClosed: true });
    const { messages } = clientOfSim(simulator).client;
    const closed = { ok: false, failure: { kind: 'call-permission', code: 10, subcode: 2018278 } };
    expect(await messages.prompt(SIM_PAGE, '7')).toMatchObject(closed);
    expect(await messages.button(SIM_PAGE, '7', { title: 'Call', above })).toMatchObject(closed);
  });

  it('ask for permission twice in 24 hours and no more; prompts are not counted', async () => {
    const { simulator, clock } = await start();
    simulator.consumer({ psid: '7' });
    const { messages } = clientOfSim(simulator).client;
    expect(await messages.requestPermission(SIM_PAGE, '7')).toMatchObject({ ok: true });
    expect(await messages.requestPermission(SIM_PAGE, '7')).toMatchObject({ ok: true });
    expect(await messages.requestPermission(SIM_PAGE, '7')).toMatchObject({
      failure: { kind: 'call-permission' },
    });
    expect(await messages.prompt(SIM_PAGE, '7')).toMatchObject({ ok: true });
    clock.advance(24 * 3_600_000);
    expect(await messages.requestPermission(SIM_PAGE, '7')).toMatchObject({ ok: true });
  });

  it.each<[string, object]>([
    [
      'expires_in_days of 8',
      {
        template_type: 'button',
        text: 'x',
        buttons: [{ type: 'audio_call', title: 'x', expires_in_days: 8 }],
      },
    ],
    ['a button without a title', { template_type: 'button', text: 'x', buttons: [{ type: 'audio_call' }] }],
    [
      'a button of another type',
      { template_type: 'button', text: 'x', buttons: [{ type: 'web_url', title: 'x' }] },
    ],
    ['no text', { template_type: 'button', buttons: [{ type: 'audio_call', title: 'x' }] }],
    ['no elements', { template_type: 'generic', elements: [] }],
    ['an element without a title', { template_type: 'generic', elements: [{ buttons: [] }] }],
    ['ttl_days as text', { template_type: 'call_prompt', ttl_days: '3' }],
    ['an unknown template', { template_type: 'receipt' }],
  ])('are refused with %s (100)', async (_, payload) => {
    const { simulator } = await start();
    simulator.consumer({ psid: '7' });
    const response = await fetch(`${simulator.graphUrl}/v26.0/10/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify({
        recipient: { id: '7' },
        message: { attachment: { type: 'template', payload } },
      }),
    });
    expect(await response.json()).toMatchObject({ error: { code: 100 } });
  });
});
