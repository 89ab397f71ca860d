import { expect, it } from 'vitest';
import { metaWorld, PAGE, PSID } from './support/meta-world.ts';

it('tells whether a consumer may be called, with exit code 1 when not', async () => {
  const world = await metaWorld();
  world.simulator.consumer({ psid: PSID, permission: false });
  expect(await world.json('permissions', 'get', PSID)).toMatchObject({
    code: 1,
    ok: false,
    status: 'no-permission',
    canCall: false,
    canRequest: true,
  });
  world.simulator.consumer({ psid: PSID, permission: true });
  expect(await world.json('permissions', 'get', PSID)).toMatchObject({
    code: 0,
    ok: true,
    status: 'has-permission',
    canCall: true,
    expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  });
  const { code, out, err } = await world.run('permissions', 'get', PSID);
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/may be called: yes until \d{4}-/);
  expect(out).toContain('send_call_permission_request: 0 of 2 in PT24H');
});

it('asks once, not at all who permits already, and never over the limit', async () => {
  const world = await metaWorld();
  world.simulator.consumer({ psid: PSID, permission: true });
  expect(await world.json('permissions', 'request', PSID)).toMatchObject({ code: 0, sent: false });
  world.simulator.consumer({ psid: PSID, permission: false });
  expect(await world.json('permissions', 'request', PSID)).toMatchObject({
    code: 0,
    sent: true,
    messageId: expect.stringMatching(/./),
  });
  expect(await world.json('permissions', 'request', PSID)).toMatchObject({ code: 0, sent: true });
  const asked = world.simulator.events.filter(({ what }) => what.startsWith('asks for permission'));
  expect(asked).toHaveLength(2);
  const third = await world.json('permissions', 'request', PSID);
  expect(third).toMatchObject({ code: 1, ok: false, sent: false });
  expect(third['problems']).toMatchObject([{ remedy: expect.stringContaining('Two requests in 24 hours') }]);
  expect(world.simulator.events.filter(({ what }) => what.startsWith('asks'))).toHaveLength(2);
});

it('says what Meta says, and how not to waste the quota when a reply is lost', async () => {
  const world = await metaWorld();
  const unknown = await world.json('permissions', 'get', '999');
  expect(unknown).toMatchObject({ code: 1, problems: [{ field: 'graph' }] });
  world.simulator.consumer({ psid: PSID });
  world.simulator.faults.add({ kind: 'reset-after', action: 'message' });
  const lost = await world.json('permissions', 'request', PSID);
  expect(lost).toMatchObject({ code: 1, problems: [{ kind: 'ambiguous' }] });
  expect(JSON.stringify(lost)).toContain('requests are few');
});

it('takes the only Page, or names those there are', async () => {
  const world = await metaWorld({ pages: [PAGE, '555'] });
  world.simulator.consumer({ psid: PSID, permission: true });
  expect(await world.json('permissions', 'get', PSID)).toMatchObject({
    code: 2,
    problems: [{ field: '--page', remedy: `Name one of: ${PAGE}, 555.` }],
  });
  expect(await world.json('permissions', 'get', PSID, '--page', '777')).toMatchObject({
    code: 2,
    problems: [{ message: 'the configuration has no Page 777.' }],
  });
  expect(await world.json('permissions', 'get', PSID, '--page', PAGE)).toMatchObject({ code: 0 });
});

it('a WhatsApp number asks in its own way', async () => {
  const number = '550022';
  const world = await metaWorld({
    sim: { platform: 'whatsapp', pageId: number },
    numbers: [number],
  });
  world.simulator.consumer({ psid: PSID, permission: true });
  expect(await world.json('permissions', 'get', PSID, '--page', number)).toMatchObject({
    code: 0,
    status: 'has-permission',
  });
  world.simulator.consumer({ psid: PSID, permission: false });
  expect(await world.json('permissions', 'request', PSID, '--page', number)).toMatchObject({
    code: 0,
    sent: true,
  });
});
