import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/shared/clock.ts';
import { FakeClock } from '../../../src/shared/fake-clock.ts';
import { WebhookSink } from '../../../src/store/records/webhook-sink.ts';
import { tempDir } from '../temp-dir.ts';
import { isSigned, receiver, SECRET } from './receiver.ts';
import { openSinks, record, recorder, until } from './support.ts';

const wanted = (url: string, more: object = {}) => ({
  webhook: { url, secret: SECRET, timeoutMs: 5_000, deadAfterDays: 7, ...more },
});
const stored = (id: string) => ({ id, line: JSON.stringify(record(id)), atMs: Date.now() });

it('posts each record once, as an event that its receiver can verify', async () => {
  const { events, url } = await receiver();
  const sinks = await openSinks(wanted(url));
  for (const id of ['c1', 'c2']) void sinks.write(record(id));
  await until(() => sinks.stats[0]?.taken === 2);
  expect(events.map(({ callId }) => callId)).toEqual(['c1', 'c2']);
  expect(events.map((event) => isSigned(event))).toEqual([true, true]);
  const [first] = events;
  expect(JSON.parse(first?.body ?? '')).toMatchObject({ type: 'call.ended', data: record('c1') });
  expect(first?.headers['content-type']).toBe('application/json');
  expect(first?.id).toMatch(/^msg_[0-9a-f]{32}$/);
  expect(Math.abs(Number(first?.headers['webhook-timestamp']) - Date.now() / 1_000)).toBeLessThan(60);
  // The example of the specification's own libraries.
  const other = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
  expect(first && isSigned(first, other)).toBe(false);
});

it('both secrets sign while one takes the place of the other', async () => {
  const { events, url } = await receiver();
  const former = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
  const sink = new WebhookSink({ url, secret: SECRET, formerSecret: former, timeoutMs: 5_000 }, systemClock);
  await sink.take([stored('c1')]);
  await sink.close();
  expect(events.map((event) => [isSigned(event), isSigned(event, former)])).toEqual([[true, true]]);
});

it('goes nowhere but to the configured URL: a redirect is a failure', async () => {
  const elsewhere = await receiver();
  const { url, events } = await receiver(() => ({ status: 307, headers: { location: elsewhere.url } }));
  const sink = new WebhookSink({ url, secret: SECRET, timeoutMs: 5_000 }, systemClock);
  await expect(sink.take([stored('c1')])).rejects.toMatchObject({
    code: 'STORE_WEBHOOK',
    detail: { status: 307 },
  });
  await sink.close();
  expect([events.length, elsewhere.events.length]).toEqual([1, 0]);
});

it.each([
  [400, 'STORE_RECORD_REFUSED'],
  [422, 'STORE_RECORD_REFUSED'],
  [401, 'STORE_WEBHOOK'],
  [404, 'STORE_WEBHOOK'],
  [410, 'STORE_WEBHOOK'],
  [500, 'STORE_WEBHOOK'],
])('an answer of %i is %s', async (status, code) => {
  const { url } = await receiver(() => status);
  const sink = new WebhookSink({ url, secret: SECRET, timeoutMs: 5_000 }, systemClock);
  await expect(sink.take([stored('c1')])).rejects.toMatchObject({ code });
  await sink.close();
});

it('a receiver that is busy says until when', async () => {
  const { url } = await receiver(() => ({ status: 429, headers: { 'retry-after': '120' } }));
  const sink = new WebhookSink({ url, secret: SECRET, timeoutMs: 5_000 }, systemClock);
  await expect(sink.take([stored('c1')])).rejects.toMatchObject({ detail: { retryAfterMs: 120_000 } });
  await sink.close();
});

it('one that never answers is given up in time, and close does not wait for it', async () => {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const clock = new FakeClock();
  const sink = new WebhookSink({ url: `http://127.0.0.1:${port}/`, secret: SECRET, timeoutMs: 5_000 }, clock);
  const slow = sink.take([stored('c1')]);
  slow.catch(() => {});
  await until(() => sockets.size === 1);
  clock.advance(5_000);
  await expect(slow).rejects.toMatchObject({ message: expect.stringContaining('no answer within 5000 ms') });
  const next = sink.take([stored('c1')]);
  next.catch(() => {});
  await until(() => sockets.size === 2);
  await sink.close();
  await expect(next).rejects.toMatchObject({ code: 'STORE_WEBHOOK' });
  expect(clock.armed).toBe(0);
});

it('a receiver that is gone gets what it missed from the next run, with the same id', async () => {
  const spoolPath = join(await tempDir(), 'spool');
  const first = await receiver(() => 503);
  const before = await openSinks(wanted(first.url), { spoolPath });
  await before.write(record('c1'));
  await until(() => first.events.length === 1);
  await first.stop();
  await before.close();
  const second = await receiver();
  const after = await openSinks(wanted(second.url), { spoolPath });
  await until(() => after.stats[0]?.taken === 1);
  expect(second.events.map(({ id }) => id)).toEqual(first.events.slice(0, 1).map(({ id }) => id));
  await after.close();
  const idle = await openSinks(wanted(second.url), { spoolPath });
  expect(idle.stats).toMatchObject([{ waiting: 0 }]);
});

it('a record that is refused for its days becomes a dead letter, for its owner only', async () => {
  const spoolPath = join(await tempDir(), 'spool');
  const { url } = await receiver(({ callId }) => (callId === 'bad' ? 400 : 200));
  const clock = new FakeClock();
  // The pauses are the courier's; the requests are real.
  const log = recorder();
  const sinks = await openSinks(wanted(url, { deadAfterDays: 1 }), { spoolPath, clock, log });
  void sinks.write(record('bad'));
  void sinks.write(record('good'));
  await until(() => sinks.stats[0]?.taken === 1);
  for (let tries = 1; tries < 40 && sinks.stats[0]?.dead === 0; tries++) {
    await until(() => (sinks.stats[0]?.failures ?? 0) >= tries || sinks.stats[0]?.dead === 1);
    clock.advance(3_600_000);
  }
  const [letter] = (await readFile(`${spoolPath}.dead`, 'utf8')).trim().split('\n');
  expect(JSON.parse(letter ?? '')).toMatchObject({
    v: 1,
    sink: 'webhook',
    why: 'refused',
    record: record('bad'),
  });
  expect((await stat(`${spoolPath}.dead`)).mode & 0o777).toBe(0o600);
  expect(sinks.stats).toMatchObject([{ waiting: 0, taken: 1, dead: 1 }]);
  expect(log.events).toContain('records.dead-letter');
  const close = sinks.close();
  clock.advance(10_000);
  await close;
});
