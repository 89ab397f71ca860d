import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { DEMO_PAGE, startWorld } from '../../src/cli/demo/world.ts';
import { until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

const now = (): number => Math.floor(Date.now() / 1000);
const body = (...calls: readonly object[]): string =>
  JSON.stringify({ object: 'page', entry: [{ id: DEMO_PAGE, time: now(), calls }] });
const event = (id: string, from: string, more: object = {}): object => ({
  ...{ id, event: 'connect', from, to: DEMO_PAGE, timestamp: now() },
  call_direction: 'user_initiated',
  ...more,
});

function journal(text = '') {
  const folder = mkdtempSync(join(tmpdir(), 'msgw-durable-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'journal');
  writeFileSync(path, text);
  const kinds = (callId: string): unknown[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { callId: string; note: { kind: string } })
      .filter((line) => line.callId === callId)
      .map(({ note }) => note.kind);
  return { path, kinds };
}

it('what is answered 200 is in the journal: calls that ring, are turned away, came too late, or only ended', async () => {
  const { path, kinds } = journal();
  const world = await start({
    phones: [{ behaviour: 'never' }],
    configure: (yaml) => Object.assign(yaml, { journal: { path }, limits: { maxCalls: 1 } }),
  });
  const { webhooks } = world.simulator;
  const ringing = world.simulator.consumer({ psid: '7000000001' }).call({ toneHz: 440 });
  await world.phones[0]?.nextCall();
  expect(kinds(ringing.id)).toContain('call-created');

  expect(await webhooks.raw(body(event('c_full', '7000000002')))).toBe(200);
  expect(kinds('c_full')).toContain('call-created');
  await until(() => kinds('c_full').includes('call-ended'));
  expect(world.records).toMatchObject([{ callId: 'c_full', detail: 'over-limit' }]);

  expect(await webhooks.raw(body(event('c_old', '7000000003', { timestamp: now() - 600 })))).toBe(200);
  expect(kinds('c_old')).toEqual(['call-created', 'call-ended']);
  expect(world.records).toMatchObject([{}, { callId: 'c_old', detail: 'stale' }]);

  const ended = { id: 'c_over', event: 'terminate', status: 'COMPLETED', timestamp: now() };
  expect(await webhooks.raw(body(ended))).toBe(200);
  expect(kinds('c_over')).toEqual(['call-ended']);
  await ringing.hangup();
  await until(() => world.gateway.calls === 0);
});

it('a note from a clock that stood hours in the future makes no other forgotten', async () => {
  const created = { kind: 'call-created', pageId: DEMO_PAGE, psid: '7', platform: 'messenger' };
  const notes = (callId: string, at: number): string =>
    [
      { ...created, direction: 'user_initiated' },
      { kind: 'call-ended', cause: 'busy' },
    ]
      .map((note) => `${JSON.stringify({ v: 1, at, callId, note })}\n`)
      .join('');
  const { path } = journal(notes('c_future', Date.now() + 6 * 3_600_000) + notes('c_known', Date.now()));
  const world = await start({ configure: (yaml) => Object.assign(yaml, { journal: { path } }) });
  expect(await world.simulator.webhooks.raw(body(event('c_known', '7')))).toBe(200);
  expect(world.records).toEqual([]);
  expect(world.phones[0]?.calls).toHaveLength(0);
});

it('what ended before a crash does not ring after it, and what had its record gets no second one', async () => {
  const note = (callId: string, kind: object): string =>
    `${JSON.stringify({ v: 1, at: Date.now(), callId, note: kind })}\n`;
  const created = { kind: 'call-created', pageId: DEMO_PAGE, psid: '7', platform: 'messenger' };
  const { path } = journal(
    note('c_known', { ...created, direction: 'user_initiated' }) +
      note('c_known', { kind: 'call-ended', cause: 'busy' }) +
      note('c_over', { kind: 'call-ended', cause: 'terminated-before' }),
  );
  const world = await start({ configure: (yaml) => Object.assign(yaml, { journal: { path } }) });
  expect(await world.simulator.webhooks.raw(body(event('c_known', '7'), event('c_over', '8')))).toBe(200);
  expect(world.records).toMatchObject([{ callId: 'c_over', cause: 'missed', detail: 'terminated-before' }]);
  expect(world.phones[0]?.calls).toHaveLength(0);
});

it('a call that a gateway placed and died before it was named is ended when a webhook names it', async () => {
  const at = Date.now();
  const created = { kind: 'call-created', pageId: DEMO_PAGE, psid: '7', platform: 'messenger' };
  const notes = [
    { ...created, direction: 'business_initiated' },
    { kind: 'graph-sent', action: 'connect' },
  ];
  const { path, kinds } = journal(
    notes.map((note) => `${JSON.stringify({ v: 1, at, callId: 'out-1', note })}\n`).join(''),
  );
  const world = await start({ configure: (yaml) => Object.assign(yaml, { journal: { path } }) });
  await until(() => kinds('out-1').includes('call-ended'));
  const placed = { ...event('c_named', DEMO_PAGE), to: '7', call_direction: 'business_initiated' };
  expect(await world.simulator.webhooks.raw(body(placed))).toBe(200);
  await until(() => world.simulator.requests.some(({ callId }) => callId === 'c_named'));
  expect(world.simulator.requests.filter(({ callId }) => callId === 'c_named')).toMatchObject([
    { action: 'terminate' },
  ]);
  expect(world.records).toMatchObject([{ callId: 'out-1', cause: 'crash' }]);
});

it('a second gateway on the same journal does not start, and the calls of the first go on', async () => {
  const { path, kinds } = journal();
  const configure = (yaml: Record<string, unknown>) => Object.assign(yaml, { journal: { path } });
  const world = await start({ configure });
  const call = world.simulator.consumer({ psid: '7000000001' }).call({ toneHz: 440 });
  await call.firstAudio;
  await expect(startWorld({ configure })).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  expect(call.state).toBe('connected');
  await call.hangup();
  await until(() => kinds(call.id).includes('call-ended'));
  expect(world.records).toMatchObject([{ callId: call.id, cause: 'consumer-hangup' }]);
});

it('lines of a newer version are passed over: what else was open is ended, and the gateway takes calls', async () => {
  const at = Date.now();
  const newer = { v: 2, at, callId: 'c_newer', note: { kind: 'call-created', as: 'nobody knows' } };
  const created = { kind: 'call-created', pageId: DEMO_PAGE, psid: '7', platform: 'messenger' };
  const open = { v: 1, at, callId: 'c_open', note: { ...created, direction: 'user_initiated' } };
  const { path, kinds } = journal(`${JSON.stringify(newer)}\n${JSON.stringify(open)}\n`);
  const world = await start({ configure: (yaml) => Object.assign(yaml, { journal: { path } }) });
  await until(() => kinds('c_open').includes('call-ended'));
  expect(world.records).toMatchObject([{ callId: 'c_open', cause: 'crash' }]);
  const call = world.simulator.consumer({ psid: '7000000002' }).call({ toneHz: 440 });
  await call.firstAudio;
  await call.hangup();
  await until(() => world.gateway.calls === 0);
});
