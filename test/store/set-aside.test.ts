import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/shared/clock.ts';
import { openDirectory, openSpool } from '../../src/store/index.ts';
import { Outbox } from '../../src/store/records/outbox.ts';
import { setAside } from '../../src/store/set-aside.ts';
import { type LogRecorder, recorder } from './records/support.ts';
import { tempDir } from './temp-dir.ts';

const NEWER = '{"v":2,"id":"c2","what":"a later version knows"}';
const FOREIGN = '{"something":"else"}';
const TORN = '{"v":2,"id":"c3","wha';
const GOOD = {
  spool: '{"v":1,"id":"c1","item":{"n":1}}',
  outbox: '{"v":1,"id":"c1","at":1,"to":["webhook"],"record":{"callId":"c1"}}',
} as const;

const openers = {
  spool: async (path: string, log: LogRecorder, shortenAfter?: number) => {
    const spool = await openSpool(path, (item) => item as object | undefined, log, shortenAfter);
    onTestFinished(() => spool.close());
    return { left: spool.left.length, turn: () => spool.done('none'), close: () => spool.close() };
  },
  outbox: async (path: string, log: LogRecorder, shortenAfter?: number) => {
    const outbox = await Outbox.open({
      path,
      log,
      clock: systemClock,
      ...(shortenAfter ? { shortenAfter } : {}),
    });
    onTestFinished(() => outbox.close());
    const record = { id: 'c9', line: '{"callId":"c9"}', atMs: 1 };
    return {
      left: outbox.left.length,
      turn: () => outbox.add(record, ['file']),
      close: () => outbox.close(),
    };
  },
};

it.each(['spool', 'outbox'] as const)(
  'after a downgrade, what a newer version left in the %s is kept beside it, and told once, loudly',
  async (kind) => {
    const path = join(await tempDir(), kind);
    await writeFile(path, `${NEWER}\n${GOOD[kind]}\n${FOREIGN}\n${TORN}`);
    const log = recorder();
    const first = await openers[kind](path, log);
    expect(first.left).toBe(1);
    await first.close();
    expect(log.lines.map(({ event, fields }) => ({ event, ...fields }))).toMatchObject([
      { event: 'store.newer-lines', code: 'STORE_NEWER_LINES', path, lines: 1, keptIn: `${path}.unread` },
      // With the one that is torn, which nobody was told of.
      { event: expect.stringMatching(/damaged-lines$/), path, damaged: 2, keptIn: `${path}.unread` },
    ]);
    expect(await readFile(`${path}.unread`, 'utf8')).toBe(`${NEWER}\n${FOREIGN}\n`);
    expect((await stat(`${path}.unread`)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).not.toContain('later version');
    const again = recorder();
    await (await openers[kind](path, again)).close();
    expect(again.events).toEqual([]);
  },
);

it.each(['spool', 'outbox'] as const)(
  'what cannot be kept beside the %s stays in it, also when that is made anew, until it can',
  async (kind) => {
    const path = join(await tempDir(), kind);
    await mkdir(`${path}.unread`);
    await writeFile(path, `${NEWER}\n${GOOD[kind]}\n`);
    const log = recorder();
    const first = await openers[kind](path, log, 1);
    expect(log.lines).toMatchObject([
      { event: 'store.newer-lines', fields: { lines: 1, err: expect.stringContaining('EISDIR') } },
    ]);
    await first.turn();
    await first.close();
    expect(await readFile(path, 'utf8')).toContain(NEWER);
    await rm(`${path}.unread`, { recursive: true });
    await (await openers[kind](path, recorder())).close();
    expect(await readFile(`${path}.unread`, 'utf8')).toBe(`${NEWER}\n`);
    expect(await readFile(path, 'utf8')).not.toContain(NEWER);
  },
);

it('what was kept before stays there', async () => {
  const path = join(await tempDir(), 'journal');
  const about = { path, damaged: 1, log: recorder(), event: 'journal.damaged-lines' };
  expect(await setAside({ ...about, lines: [NEWER] })).toEqual([]);
  expect(await setAside({ ...about, lines: [FOREIGN] })).toEqual([]);
  expect(await readFile(`${path}.unread`, 'utf8')).toBe(`${NEWER}\n${FOREIGN}\n`);
});

it('in the directory such lines stay where they are, and are told of', async () => {
  const path = join(await tempDir(), 'directory');
  await writeFile(path, `${NEWER}\n`);
  const log = recorder();
  await (await openDirectory(path, undefined, log)).close();
  expect(log.events).toContain('store.newer-lines');
  expect(await readFile(path, 'utf8')).toBe(`${NEWER}\n`);
});
