import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Ledger } from '../../src/call/index.ts';
import type { Accounts } from '../../src/gateway/accounts.ts';
import { Recovery } from '../../src/gateway/recovery.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { type Log, silentLog } from '../../src/shared/log.ts';
import { type JournalEntry, noJournal, openJournal } from '../../src/store/index.ts';

const HOUR = 3_600_000;
const T0 = 1_789_000_000_000;

async function read(journalPath: string, clock: FakeClock, log: Log = silentLog): Promise<Recovery> {
  return Recovery.read({
    journalPath,
    recordedAmong: () => Promise.resolve(new Set<string>()),
    accounts: { get: () => undefined, has: () => false },
    clock,
    log,
    record: () => Promise.resolve(),
    recordingsOf: () => Promise.resolve([]),
  });
}

/** A journal in which `c_old` ended three hours before `c_new`, read by a clock that says `nowMs`. */
async function recovered(nowMs: number) {
  const folder = mkdtempSync(join(tmpdir(), 'recovery-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const journalPath = join(folder, 'journal');
  const ended = (callId: string, at: number): string =>
    `${JSON.stringify({ v: 1, at, callId, note: { kind: 'call-ended' } })}\n`;
  writeFileSync(journalPath, ended('c_old', T0 - 3 * HOUR) + ended('c_new', T0));
  const clock = new FakeClock(nowMs);
  clock.advance(5_000);
  const recovery = await read(journalPath, clock);
  const ledger = new Ledger();
  recovery.bury(ledger);
  const verdict = (callId: string): string =>
    ledger.judgeConnect({ callId }, { monotonicMs: clock.monotonic(), wallMs: clock.now() }).verdict;
  return { clock, verdict, journal: () => readFileSync(journalPath, 'utf8') };
}

describe.each([
  ['a minute later', T0 + 60_000],
  ['by a clock that was set forward by a day', T0 + 24 * HOUR],
  ['by a clock that was set back by a day', T0 - 24 * HOUR],
])('a journal that is read %s', (_, nowMs) => {
  it('keeps a call that had just ended from ringing, for two hours, and forgets older ones', async () => {
    const { clock, verdict, journal } = await recovered(nowMs);
    expect(verdict('c_new')).not.toBe('ring');
    expect(journal()).toContain('c_new');
    clock.jump(24 * HOUR);
    clock.advance(HOUR);
    expect(verdict('c_new')).not.toBe('ring');
    clock.advance(HOUR + 1);
    expect(verdict('c_new')).toBe('ring');
    if (nowMs >= T0) expect(verdict('c_old')).toBe('ring');
  });
});

describe('after a downgrade', () => {
  const newer = '{"v":2,"at":1789000000000,"callId":"c_later","note":{"kind":"call-created"}}';
  const journal = (): string => {
    const folder = mkdtempSync(join(tmpdir(), 'recovery-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'journal'), `${newer}\n`);
    return join(folder, 'journal');
  };

  it('what the newer version wrote is kept beside the journal, and told loudly', async () => {
    const path = journal();
    const told: unknown[] = [];
    const error = (fields: object, event: string): void => void told.push([event, fields]);
    await read(path, new FakeClock(T0), { ...silentLog, error });
    const fields = { code: 'STORE_NEWER_LINES', path, lines: 1, keptIn: `${path}.unread` };
    expect(told).toEqual([['store.newer-lines', fields]]);
    expect(readFileSync(`${path}.unread`, 'utf8')).toBe(`${newer}\n`);
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  it('it stays in the journal where it cannot be kept elsewhere, also when that is made anew', async () => {
    const path = journal();
    mkdirSync(`${path}.unread`);
    const { keeping } = await read(path, new FakeClock(T0));
    const opened = await openJournal({ path, keeping: { ...keeping, after: 1 } });
    await opened.append({ v: 1, at: T0, callId: 'c_new', note: { kind: 'call-created' } });
    await opened.close();
    expect(readFileSync(path, 'utf8')).toMatch(/"c_later".*\n.*"c_new"/);
  });
});

it('that is stopped begins with no other call: what it has not ended is in the journal still', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'recovery-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const journalPath = join(folder, 'journal');
  const facts = { pageId: '1', psid: '7', platform: 'messenger', direction: 'user_initiated' };
  const callIds = Array.from({ length: 20 }, (_, i) => `c_${i}`);
  const lines = callIds.map((callId) =>
    JSON.stringify({ v: 1, at: T0, callId, note: { kind: 'call-created', ...facts } }),
  );
  writeFileSync(journalPath, lines.map((line) => `${line}\n`).join(''));
  // Graph is silent, and then is not.
  const graph = Promise.withResolvers<{ ok: true }>();
  const asked: string[] = [];
  const end = (_: string, callId: string): Promise<{ ok: true }> => {
    asked.push(callId);
    return graph.promise;
  };
  const account = { api: { reject: end, terminate: end } };
  const recovery = await Recovery.read({
    journalPath,
    recordedAmong: () => Promise.resolve(new Set<string>()),
    accounts: { get: () => account, has: () => true } as unknown as Accounts,
    clock: new FakeClock(T0),
    log: silentLog,
    record: () => Promise.resolve(),
    recordingsOf: () => Promise.resolve([]),
  });
  const ended: string[] = [];
  const journal = { ...noJournal, append: async ({ callId }: JournalEntry) => void ended.push(callId) };
  const run = recovery.run(journal);
  await vi.waitFor(() => expect(asked.length).toBeGreaterThan(0));
  recovery.stop();
  graph.resolve({ ok: true });
  await run;
  expect(asked.length).toBeLessThan(callIds.length);
  expect(ended.toSorted()).toEqual(asked.toSorted());
});
