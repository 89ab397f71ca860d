import { appendFile, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/shared/clock.ts';
import { FakeClock } from '../../../src/shared/fake-clock.ts';
import { Outbox } from '../../../src/store/records/outbox.ts';
import { tempDir } from '../temp-dir.ts';
import { record, recorder } from './support.ts';

const stored = (id: string) => ({ id, line: JSON.stringify(record(id)), atMs: 1_789_000_000_000 });
async function openAt(path: string, shortenAfter?: number): Promise<Outbox> {
  const more = shortenAfter ? { shortenAfter } : {};
  const outbox = await Outbox.open({ path, clock: systemClock, log: recorder(), ...more });
  onTestFinished(() => outbox.close());
  return outbox;
}

it('gives the next run what some sink has not taken, for that sink alone, and knows what is over', async () => {
  const path = join(await tempDir(), 'spool');
  const first = await openAt(path);
  for (const id of ['c1', 'c2', 'c3']) await first.add(stored(id), ['file', 'webhook']);
  first.done('c1', 'file');
  first.done('c2', 'file');
  first.done('c2', 'webhook');
  await first.close();
  const second = await openAt(path);
  expect(second.left).toEqual([
    { record: stored('c1'), to: ['webhook'] },
    { record: stored('c3'), to: ['file', 'webhook'] },
  ]);
  expect(['c1', 'c2', 'c3', 'c4'].map((id) => second.has(id))).toEqual([true, true, true, false]);
  await second.close();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it('reads around what a crash tore, and says so', async () => {
  const path = join(await tempDir(), 'spool');
  const first = await openAt(path);
  await first.add(stored('c1'), ['file']);
  await first.close();
  await appendFile(path, '{"v":1,"id":"c2","at":1,"to":["file"],"record":{"callId":"c');
  const log = recorder();
  const second = await Outbox.open({ path, clock: systemClock, log });
  expect(second.left.map(({ record: { id } }) => id)).toEqual(['c1']);
  expect(log.events).toEqual(['records.spool-damaged-lines']);
  await second.add(stored('c3'), ['file']);
  await second.close();
  expect((await openAt(path)).left.map(({ record: { id } }) => id)).toEqual(['c1', 'c3']);
});

it('stays short while it is written on', async () => {
  const path = join(await tempDir(), 'spool');
  const outbox = await openAt(path, 100);
  await outbox.add(stored('stays'), ['webhook']);
  for (let n = 0; n < 300; n++) {
    await outbox.add(stored(`c${n}`), ['file', 'webhook']);
    outbox.done(`c${n}`, 'file');
    outbox.done(`c${n}`, 'webhook');
  }
  await outbox.close();
  // Of what is over only the id is left.
  expect((await readFile(path, 'utf8')).match(/"record":/g)?.length).toBeLessThan(150);
  const next = await openAt(path);
  expect(next.left.map(({ record: { id } }) => id)).toEqual(['stays']);
  expect(next.has('c0')).toBe(true);
});

it('asks a disk that refuses again, and is content when every sink has the record', async () => {
  const clock = new FakeClock();
  const log = recorder();
  const outbox = await Outbox.open({ path: '/dev/full', clock, log });
  let settled = false;
  const added = outbox.add(stored('c1'), ['file']).then(() => {
    settled = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(settled).toBe(false);
  outbox.done('c1', 'file');
  await added;
  await outbox.close();
  expect(log.events.filter((event) => event === 'records.spool-write-failed')).toHaveLength(1);
  // As root one could put a file in its place.
  expect((await stat('/dev/full')).isCharacterDevice()).toBe(true);
});
