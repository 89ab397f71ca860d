import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { CallTrace } from '../../../src/observe/index.ts';
import { leg, sipOf } from './view.ts';

const head = { callId: 'c', pageId: '1', platform: 'messenger', direction: 'user_initiated', startedAtMs: 0 };
const LIMIT = 131_072;

/** Entries of every kind, each text made anew as from a socket. */
function fill(trace: CallTrace, count: number): void {
  for (let i = 0; i < count; i++) {
    const at = { atMs: i, from: 'gateway', to: 'phone' } as const;
    const text = Buffer.from(`INVITE sip:${i}@example.com SIP/2.0\r\n${'x'.repeat(900)}`).toString();
    trace.add({ ...at, kind: 'sip', what: 'INVITE', sip: sipOf(text) });
    trace.add({
      ...at,
      kind: 'graph',
      what: `200 (${i})`,
      data: { action: 'accept', status: 200, ms: i + 0.5 },
    });
    const report = { ...leg.report, packets: i + 0.5 };
    const quality = {
      consumer: { ...leg, jitterMs: i + 0.5, report },
      phone: { ...leg, mos: i + 0.1, report },
    };
    trace.add({ ...at, kind: 'rtcp', what: 'quality', quality });
    trace.add({ ...at, kind: 'timer', what: `timer ${i}` });
  }
}

it('takes no more memory than it was given, as the heap says', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const used = (): number => {
    gc();
    gc();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  const traces = Array.from({ length: 100 }, () => new CallTrace(head, LIMIT));
  for (const trace of traces) fill(trace, 300);
  const each = (used() - before) / traces.length;
  expect(traces.every(({ bytes }) => bytes <= LIMIT && bytes > LIMIT * 0.9)).toBe(true);
  expect(each).toBeLessThan(LIMIT);
  expect(traces[99]?.view().entries.length).toBeGreaterThan(50);
});

it('keeps how the call came up and what was last, and says what it dropped', () => {
  const trace = new CallTrace(head, 16_384);
  for (let i = 1; i <= 1_000; i++)
    trace.add({ atMs: i, kind: 'timer', from: 'gateway', to: 'gateway', what: `entry ${i}` });
  const { entries, dropped } = trace.view();
  expect(entries[0]?.what).toBe('entry 1');
  expect(entries.at(-1)?.what).toBe('entry 1000');
  expect(entries.length + dropped).toBe(1_000);
  expect(trace.bytes).toBeLessThanOrEqual(16_384);
  const firsts = entries.filter(({ seq }, i) => seq === i + 1).length;
  expect(firsts).toBeGreaterThan(10);
  expect(trace.view(998).entries.map(({ seq }) => seq)).toEqual([999, 1_000]);
});

it('one entry that is larger than all of it costs only itself', () => {
  const trace = new CallTrace(head, 1_000);
  trace.add({
    atMs: 1,
    kind: 'sip',
    from: 'phone',
    to: 'gateway',
    what: 'INVITE',
    sip: sipOf('x'.repeat(50_000)),
  });
  expect(trace.bytes).toBe(0);
  expect(trace.view()).toMatchObject({ dropped: 1, entries: [] });
  const wide = new CallTrace(head, LIMIT);
  wide.add({
    atMs: 1,
    kind: 'sip',
    from: 'phone',
    to: 'gateway',
    what: 'INVITE',
    sip: sipOf('x'.repeat(50_000)),
  });
  expect(wide.view().entries[0]?.sip?.text).toMatch(/x\r\n\[33616 more\]$/);
});

it('is in the order of time, whenever its entries came', () => {
  const trace = new CallTrace(head, LIMIT);
  for (const atMs of [5, 3, 4, 3])
    trace.add({ atMs, kind: 'timer', from: 'gateway', to: 'gateway', what: `at ${atMs}` });
  expect(trace.view().entries.map(({ atMs, seq }) => [atMs, seq])).toEqual([
    [3, 2],
    [3, 4],
    [4, 3],
    [5, 1],
  ]);
});
