import { expect, it, onTestFinished } from 'vitest';
import { DEMO_PAGE, startWorld, type World } from '../../src/cli/demo/world.ts';
import { ROUTES } from '../../src/http/index.ts';
import { OpenApiReplies } from '../support/openapi-replies.ts';

const PSID = '7654321098765432';

interface Asker {
  readonly replies: OpenApiReplies;
  /** Fails when the reply is not as it is declared. */
  ask(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }>;
}

async function asker({ gateway }: World): Promise<Asker> {
  const document = await (await fetch(`${gateway.adminUrl}/openapi.json`)).json();
  const replies = new OpenApiReplies(document as object);
  return {
    replies,
    ask: async (method, path, body) => {
      const reply = await fetch(gateway.adminUrl + path, {
        method,
        ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
      });
      const text = await reply.text();
      const type = reply.headers.get('content-type') ?? '';
      const value: unknown =
        text === '' ? undefined : type.startsWith('application/json') ? JSON.parse(text) : text;
      expect(replies.problems(method, path, reply.status, type, value)).toEqual([]);
      return { status: reply.status, body: value };
    },
  };
}

it('every reply of a whole run is as the OpenAPI document says', async () => {
  const world = await startWorld({
    configure: (yaml) => {
      yaml['outbound'] = { directory: { first: 700, last: 799 } };
      const { phone1 } = yaml['trunks'] as Record<string, Record<string, unknown>>;
      Object.assign(phone1 ?? {}, { transferTo: ['2??'] });
    },
  });
  onTestFinished(() => world.close());
  const { ask, replies } = await asker(world);
  const call = world.simulator.consumer({ psid: PSID }).call({ toneHz: 440 });
  await call.firstAudio;
  const id = encodeURIComponent(call.id);

  expect((await ask('GET', '/calls')).body).toMatchObject([{ callId: call.id, state: 'talking' }]);
  expect((await ask('GET', `/calls?page=${DEMO_PAGE}&state=talking&trunk=phone1&limit=1`)).body).toHaveLength(
    1,
  );
  for (const other of [
    'page=1',
    'platform=whatsapp',
    'direction=business_initiated',
    'state=ringing',
    'trunk=phone',
  ]) {
    expect([other, (await ask('GET', `/calls?${other}`)).body]).toEqual([other, []]);
  }
  const shown = (await ask('GET', `/calls/${id}`)).body as { legs: Record<string, Record<string, number>> };
  expect(shown).toMatchObject({
    callId: call.id,
    milestones: { secure: expect.any(Number) },
    legs: { codec: 'PCMU', webrtc: { state: 'secure' }, recording: { state: 'none' } },
  });
  expect(shown.legs['consumer']?.['received']).toBeGreaterThan(0);
  expect(shown.legs['phone']?.['sent']).toBeGreaterThan(0);
  await ask('GET', '/calls/c_nobody');
  await ask('GET', '/calls?limit=0');
  expect((await ask('POST', `/calls/${id}/recording`, { action: 'start' })).status).toBe(409);
  await ask('POST', '/calls/c_nobody/recording', { action: 'start' });

  await ask('POST', '/calls/c_nobody/transfer', { to: '201' });
  expect((await ask('POST', `/calls/${id}/transfer`, { to: '300' })).status).toBe(403);
  expect((await ask('POST', `/calls/${id}/transfer`, { to: 'none/300' })).status).toBe(400);
  expect((await ask('POST', `/calls/${id}/transfer`, { to: '201' })).status).toBe(202);
  expect((await ask('POST', `/calls/${id}/transfer`, { to: '202' })).status).toBe(409);
  const traced = (await ask('GET', `/calls/${id}/trace`)).body as { entries: { seq: number }[] };
  expect(traced.entries.length).toBeGreaterThan(10);
  const { entries } = (await ask('GET', `/calls/${id}/trace?after=5`)).body as typeof traced;
  expect(entries.every(({ seq }) => seq > 5)).toBe(true);
  await ask('GET', '/calls/c_nobody/trace');
  await ask('GET', `/calls/${id}/pcap?seconds=0`);
  await ask('GET', `/calls/${id}/pcap?seconds=3601`);
  await ask('GET', `/calls/${id}/pcap?payload=clear`);

  await ask('GET', '/openapi.json');
  await ask('GET', '/health/live');
  await ask('GET', '/health/ready');
  await ask('GET', '/metrics');
  expect((await ask('GET', '/trunks')).body).toMatchObject([{ trunk: 'phone1', calls: { out: 1 } }]);

  expect((await ask('GET', '/pages')).body).toMatchObject([
    { id: DEMO_PAGE, token: { state: 'accepted' }, lastWebhookAt: expect.any(String), watch: { amiss: [] } },
  ]);

  await ask('PUT', '/directory/42', { pageId: DEMO_PAGE, psid: PSID });
  await ask('PUT', '/directory/42', { pageId: DEMO_PAGE, psid: '1' });
  await ask('PUT', '/directory/42', { pageId: DEMO_PAGE });
  await ask('GET', '/directory');
  await ask('GET', `/permissions?page=${DEMO_PAGE}&psid=${PSID}`);
  await ask('GET', '/permissions?page=1&psid=1');
  await ask('POST', '/permissions', { pageId: DEMO_PAGE, psid: PSID });
  await ask('GET', `/settings?page=${DEMO_PAGE}`);
  world.simulator.faults.add({ kind: 'error', action: 'permission', code: 190 });
  expect((await ask('GET', `/permissions?page=${DEMO_PAGE}&psid=${PSID}`)).status).toBe(502);
  await ask('DELETE', '/directory/42');
  await ask('DELETE', '/directory/42');

  expect((await ask('GET', '/reload')).body).toMatchObject({ outcome: 'planned', changes: [] });
  expect((await ask('POST', '/reload')).body).toMatchObject({ outcome: 'unchanged', needsRestart: [] });
  await world.reload((yaml) => {
    yaml['limits'] = { maxCalls: 'many' };
  });
  expect((await ask('GET', '/reload')).status).toBe(422);
  expect((await ask('POST', '/reload')).status).toBe(422);
  expect((await ask('GET', '/log-level')).body).toEqual({ level: 'silent', configured: 'info' });
  expect((await ask('PUT', '/log-level', { level: 'silent', forMs: 60_000 })).body).toMatchObject({
    level: 'silent',
    until: expect.any(String),
  });
  await ask('PUT', '/log-level', { level: 'loud' });

  expect((await ask('DELETE', `/calls/${id}`)).status).toBe(202);
  await call.ended;
  await ask('POST', '/drain');
  expect((await ask('POST', '/reload')).status).toBe(409);
  expect((await ask('GET', '/health/ready')).status).toBe(503);

  const asked = (operation: string): boolean =>
    [...replies.seen].some((seen) => seen.startsWith(`${operation} `));
  const declared = Object.values(ROUTES).map(({ method, path }) => `${method} ${path}`);
  expect(declared.filter((operation) => !asked(operation))).toEqual(['GET /events']);
}, 120_000);
