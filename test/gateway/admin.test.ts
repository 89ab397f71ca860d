import { expect, it, onTestFinished } from 'vitest';
import {
  DEMO_NUMBER,
  DEMO_PAGE,
  startWorld,
  type World,
  type WorldOptions,
} from '../../src/cli/demo/world.ts';

const PSID = '7654321098765432';

async function world(more: Partial<WorldOptions> = {}): Promise<World> {
  const started = await startWorld({
    configure: (yaml) => {
      yaml['outbound'] = { directory: { first: 700, last: 799 } };
    },
    ...more,
  });
  onTestFinished(() => started.close());
  return started;
}

interface Seen {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** The events of the gateway, by type. */
async function eventsOf({ gateway }: World): Promise<(type: string) => Promise<Seen['data']>> {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const { body } = await fetch(`${gateway.adminUrl}/events`, { signal: stop.signal });
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<Seen> => {
    for (;;) {
      const [, event, data] = /event: (\w+)\ndata: (.*)\n\n/.exec(text) ?? [];
      if (event !== undefined && data !== undefined) {
        text = text.slice(text.indexOf(data) + data.length);
        return { event, data: JSON.parse(data) };
      }
      text += (await reader?.read())?.value ?? '';
    }
  };
  return async (type) => {
    for (;;) {
      const { event, data } = await next();
      if (event === type) return data;
    }
  };
}

const ask = async (
  { gateway }: World,
  method: string,
  path: string,
  body?: object,
): Promise<[number, Record<string, unknown>]> => {
  const reply = await fetch(gateway.adminUrl + path, {
    method,
    ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
  });
  const text = await reply.text();
  return [reply.status, text === '' ? {} : JSON.parse(text)];
};

it('short numbers are listed, given and taken', async () => {
  const w = await world();
  const entry = { number: '42', pageId: DEMO_PAGE, psid: PSID };
  expect(await ask(w, 'PUT', '/directory/42', { pageId: DEMO_PAGE, psid: PSID })).toEqual([200, entry]);
  expect(await ask(w, 'GET', '/directory')).toEqual([200, [entry]]);
  expect(await ask(w, 'PUT', '/directory/42', { pageId: DEMO_PAGE, psid: '1' })).toMatchObject([
    409,
    { problems: [{ field: 'number' }] },
  ]);
  expect(await ask(w, 'PUT', '/directory/43', { pageId: '999', psid: '1' })).toMatchObject([
    400,
    { problems: [{ field: 'pageId' }] },
  ]);
  expect(await ask(w, 'DELETE', '/directory/42')).toEqual([204, {}]);
  expect(await ask(w, 'DELETE', '/directory/42')).toMatchObject([404, { problems: [{ field: 'number' }] }]);
});

it('a consumer is asked, approves, and that is published and remembered; nobody is called', async () => {
  const w = await world();
  w.simulator.consumer({ psid: PSID, permission: false, whenAsked: { does: 'approve' } });
  const next = await eventsOf(w);
  const path = `/permissions?page=${DEMO_PAGE}&psid=${PSID}`;
  expect(await ask(w, 'GET', path)).toMatchObject([200, { canCall: false, lastReply: null }]);
  expect(await ask(w, 'POST', '/permissions', { pageId: DEMO_PAGE, psid: PSID })).toMatchObject([
    201,
    { sent: true, messageId: expect.stringMatching(/^m_/) },
  ]);
  expect(await next('call_permission_reply')).toMatchObject({
    pageId: DEMO_PAGE,
    psid: PSID,
    response: 'approve',
    expiresAtMs: expect.any(Number),
  });
  expect(await ask(w, 'GET', path)).toMatchObject([
    200,
    {
      canCall: true,
      status: 'has-permission',
      lastReply: { response: 'approve', at: expect.stringMatching(/^\d{4}-/) },
    },
  ]);
  expect(w.simulator.requests.map(({ action }) => action)).not.toContain('connect');
  expect(w.gateway.calls).toBe(0);
});

it('calls are told from their start to their record, with the same id', async () => {
  const w = await world();
  const next = await eventsOf(w);
  const call = w.simulator.consumer({ psid: PSID }).call({ toneHz: 440 });
  expect(await next('call_started')).toMatchObject({
    callId: call.id,
    platform: 'messenger',
    pageId: DEMO_PAGE,
    psid: PSID,
    direction: 'user_initiated',
  });
  await call.hangup();
  expect(await next('call_ended')).toMatchObject({ callId: call.id, cause: expect.stringMatching(/./) });
  expect(await ask(w, 'GET', '/directory')).toMatchObject([200, [{ number: '700', psid: PSID }]]);
});

it('settings are read, and their changes told', async () => {
  const w = await world();
  const next = await eventsOf(w);
  expect(await ask(w, 'GET', `/settings?page=${DEMO_PAGE}`)).toMatchObject([
    200,
    { pageId: DEMO_PAGE, settings: { audioEnabled: true, ringTarget: 'PARTNERS' } },
  ]);
  w.simulator.page.settings = { ...w.simulator.page.settings, ring_target: 'META' };
  w.simulator.settingsChanged();
  expect(await next('call_settings_update')).toMatchObject({ pageId: DEMO_PAGE, ringTarget: 'META' });
});

it('Meta’s refusals keep their words: 502, 503 when it throttles, 404 for nobody', async () => {
  const w = await world();
  const path = `/permissions?page=${DEMO_PAGE}&psid=${PSID}`;
  expect(await ask(w, 'GET', path)).toMatchObject([404, { problems: [{ field: 'psid', kind: 'person' }] }]);
  w.simulator.consumer({ psid: PSID });
  w.simulator.faults.add({ kind: 'error', action: 'permission', code: 190 });
  expect(await ask(w, 'GET', path)).toMatchObject([502, { problems: [{ field: 'graph', code: 190 }] }]);
  w.simulator.faults.add({ kind: 'error', action: 'permission', code: 80006 });
  expect(await ask(w, 'GET', path)).toMatchObject([
    503,
    { problems: [{ field: 'graph', kind: 'throttled' }] },
  ]);
  expect(await ask(w, 'GET', '/settings?page=999')).toMatchObject([404, { problems: [{ field: 'page' }] }]);
});

it('readers of events do not keep the gateway open', async () => {
  const w = await world();
  await eventsOf(w);
  await w.gateway.close();
  await expect(fetch(`${w.gateway.adminUrl}/health/live`)).rejects.toThrow();
});

it('Pages tell what Meta says of their token, when a webhook came, and what keeps calls away', async () => {
  const w = await world({
    configure: (yaml) => {
      Object.assign(yaml['meta'] as object, { watchIntervalMs: 20 });
    },
  });
  const page = async (): Promise<Record<string, unknown>> => {
    const [status, [first]] = (await ask(w, 'GET', '/pages')) as unknown as [
      number,
      [Record<string, unknown>],
    ];
    expect(status).toBe(200);
    return first;
  };
  await expect
    .poll(page)
    .toMatchObject({ id: DEMO_PAGE, token: { state: 'accepted' }, watch: { subscribed: true, amiss: [] } });
  expect(await page()).not.toHaveProperty('lastWebhookAt');
  const next = await eventsOf(w);
  w.simulator.settingsChanged();
  await next('call_settings_update');
  expect(await page()).toHaveProperty('lastWebhookAt');
  w.simulator.page.subscribed = ['messages'];
  await expect.poll(page).toMatchObject({ watch: { subscribed: false, amiss: ['subscription'] } });
  w.simulator.faults.add({ kind: 'error', action: 'settings', code: 190, times: 1_000 });
  await expect.poll(page).toMatchObject({
    token: { state: 'refused' },
    watch: { failure: expect.any(String), subscribed: false },
  });
}, 120_000);

it('WhatsApp numbers have no settings to watch', async () => {
  const w = await world({ platform: 'whatsapp' });
  expect(await ask(w, 'GET', '/pages')).toEqual([
    200,
    [
      {
        id: DEMO_NUMBER,
        platform: 'whatsapp',
        app: 'app',
        route: 'desk',
        token: { state: 'unknown' },
        watch: null,
      },
    ],
  ]);
});
