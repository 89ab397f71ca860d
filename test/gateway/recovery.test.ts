import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Ledger } from '../../src/call/index.ts';
import { Recovery } from '../../src/gateway/recovery.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { silentLog } from '../../src/shared/log.ts';

const HOUR = 3_600_000;
const T0 = 1_789_000_000_000;

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
  const recovery = await Recovery.read({
    journalPath,
    recordedAmong: () => Promise.resolve(new Set<string>()),
    accounts: { get: () => undefined, has: () => false },
    clock,
    log: silentLog,
    record: () => Promise.resolve(),
    recordingsOf: () => Promise.resolve([]),
  });
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
