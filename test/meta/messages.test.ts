import { describe, expect, it } from 'vitest';
import type { GraphClient, MessageOutcome } from '../../src/meta/index.ts';
import { clientOf, PAGE, PSID } from './graph-client.ts';
import { graphError, graphServer, type Scripted } from './graph-server.ts';

type Send = (client: GraphClient) => Promise<MessageOutcome>;
const optin: Send = ({ messages }) => messages.requestPermission(PAGE, PSID);
const prompt: Send = ({ messages }) => messages.prompt(PAGE, PSID);
const text = { template: 'button', text: 'Questions?' } as const;
const button: Send = ({ messages }) => messages.button(PAGE, PSID, { title: 'Call us', above: text });
const EACH: [string, Send][] = [
  ['calling_optin', optin],
  ['call_prompt', prompt],
  ['audio_call', button],
];

describe('a calling message', () => {
  it.each<[string, Send, object]>([
    ['calling_optin', optin, { template_type: 'calling_optin' }],
    ['call_prompt', prompt, { template_type: 'call_prompt' }],
    [
      'call_prompt with ttl_days',
      ({ messages }) => messages.prompt(PAGE, PSID, 3),
      { template_type: 'call_prompt', ttl_days: 3 },
    ],
    [
      'audio_call in a button template',
      button,
      {
        template_type: 'button',
        text: 'Questions?',
        buttons: [{ type: 'audio_call', title: 'Call us' }],
      },
    ],
    [
      'audio_call in a generic template with expires_in_days',
      ({ messages }) =>
        messages.button(PAGE, PSID, {
          title: 'Call us',
          expiresInDays: 5,
          above: { template: 'generic', heading: 'Help', subtitle: 'Mondays' },
        }),
      {
        template_type: 'generic',
        elements: [
          {
            title: 'Help',
            subtitle: 'Mondays',
            buttons: [{ type: 'audio_call', title: 'Call us', expires_in_days: 5 }],
          },
        ],
      },
    ],
  ])('%s has one form', async (_, send, payload) => {
    const server = await graphServer({ body: { recipient_id: PSID, message_id: 'm_1' } });
    expect(await send(clientOf(server).client)).toEqual({ ok: true, messageId: 'm_1' });
    expect(server.seen[0]?.path).toBe(`/v26.0/${PAGE}/messages`);
    expect(JSON.parse(server.seen[0]?.text ?? '')).toEqual({
      recipient: { id: PSID },
      message: { attachment: { type: 'template', payload } },
    });
  });

  it.each<[string, object]>([
    ['beside the recipient', { recipient: { id: PSID }, message_id: 'm_1' }],
    ['inside the recipient', { recipient: { id: PSID, message_id: 'm_1' } }],
    ['flat, as the Send API has it', { recipient_id: PSID, message_id: 'm_1' }],
  ])('its id is found %s', async (_, body) => {
    for (const [, send] of EACH) {
      const server = await graphServer({ body });
      expect(await send(clientOf(server).client)).toEqual({ ok: true, messageId: 'm_1' });
    }
  });

  it.each<[string, Send]>([
    ['a button without a title', ({ messages }) => messages.button(PAGE, PSID, { title: ' ', above: text })],
    [
      'a button for 8 days',
      ({ messages }) => messages.button(PAGE, PSID, { title: 'Call', expiresInDays: 8, above: text }),
    ],
    [
      'a button for half a day',
      ({ messages }) => messages.button(PAGE, PSID, { title: 'Call', expiresInDays: 0.5, above: text }),
    ],
    [
      'nothing above the button',
      ({ messages }) => messages.button(PAGE, PSID, { title: 'Call', above: { ...text, text: '' } }),
    ],
    ['a prompt for no day', ({ messages }) => messages.prompt(PAGE, PSID, 0)],
  ])('is not sent: %s', async (_, send) => {
    const server = await graphServer({});
    expect(await send(clientOf(server).client)).toMatchObject({ ok: false, failure: { kind: 'invalid' } });
    expect(server.seen).toHaveLength(0);
  });
});

describe.each(EACH)('a message of %s', (_name, send) => {
  it.each<[string, Scripted, string]>([
    ['a lost reply', 'reset', 'ambiguous'],
    ['a server fault', { status: 500, body: '' }, 'transient'],
    ['a passing fault', { status: 400, body: graphError(2, { transient: true }) }, 'transient'],
    ['a throttle', { status: 400, body: graphError(613) }, 'throttled'],
    [
      'the closed window of 24 hours',
      { status: 400, body: graphError(10, { subcode: 2018278 }) },
      'call-permission',
    ],
    ['calling switched off', { status: 400, body: graphError(100, { subcode: 1893056 }) }, 'settings'],
  ])('is never repeated, after %s', async (_, scripted, kind) => {
    const server = await graphServer(scripted);
    expect(await send(clientOf(server).client)).toMatchObject({ ok: false, failure: { kind } });
    expect(server.seen).toHaveLength(1);
  });

  it('is not sent while the quota runs low', async () => {
    const headers = { 'x-app-usage': '{"call_count":85}' };
    const server = await graphServer({ headers });
    const { client } = clientOf(server);
    await client.settings.get(PAGE);
    expect(await send(client)).toMatchObject({ ok: false, failure: { kind: 'throttled' } });
    expect(server.seen).toHaveLength(1);
  });
});
