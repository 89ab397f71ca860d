import { expect, it } from 'vitest';
import { GatewayError } from '../../../src/shared/error.ts';
import { FakeClock } from '../../../src/shared/fake-clock.ts';
import { Courier, type CourierOptions } from '../../../src/store/records/courier.ts';
import type { RecordSink, StoredRecord } from '../../../src/store/records/types.ts';
import { recorder } from './support.ts';

const DAY_MS = 86_400_000;
const stored = (id: string): StoredRecord => ({ id, line: `{"callId":"${id}"}`, atMs: 0 });

/** A sink that does as the test says. */
class Sink implements RecordSink {
  readonly batch: number;
  readonly asked: string[][] = [];
  readonly has: string[] = [];
  closed = false;
  readonly #fails: (ids: string[]) => Error | undefined;

  constructor(batch: number, fails: (ids: string[]) => Error | undefined = () => undefined) {
    this.batch = batch;
    this.#fails = fails;
  }

  async take(records: readonly StoredRecord[]): Promise<void> {
    const ids = records.map(({ id }) => id);
    this.asked.push(ids);
    const error = this.#fails(ids);
    if (error) throw error;
    this.has.push(...ids);
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

const refused = new GatewayError('STORE_RECORD_REFUSED');
const down = new GatewayError('STORE_WEBHOOK');
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function courier(sink: RecordSink, more: Partial<CourierOptions> = {}) {
  const clock = new FakeClock();
  const taken: string[] = [];
  const dead: string[] = [];
  const made = new Courier({
    name: 'webhook',
    sink,
    clock,
    log: recorder(),
    random: () => 1,
    mostPauseMs: 60_000,
    onTaken: (id) => taken.push(id),
    onDead: async ({ id }, why) => void dead.push(`${id}: ${why}`),
    ...more,
  });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    for (let i = 0; i < 10; i++) await turn();
  };
  return { courier: made, clock, taken, dead, pass };
}

it('what comes in one turn goes together, as much as the sink takes', async () => {
  const sink = new Sink(3);
  const { courier: c, taken, pass } = courier(sink);
  for (const id of ['a', 'b', 'c', 'd']) c.add(stored(id));
  await pass(0);
  expect(sink.asked).toEqual([['a', 'b', 'c'], ['d']]);
  expect(taken).toEqual(['a', 'b', 'c', 'd']);
});

it('a sink that fails is left alone for longer each time, up to a bound, and gets everything in the end', async () => {
  let works = false;
  const sink = new Sink(10, () => (works ? undefined : down));
  const { courier: c, taken, pass } = courier(sink, { mostPauseMs: 8_000 });
  c.add(stored('a'));
  await pass(0);
  const asked: number[] = [];
  for (let second = 1; second <= 32; second++) {
    const before = sink.asked.length;
    await pass(1_000);
    if (sink.asked.length > before) asked.push(second);
  }
  // 1, 2, 4, 8 and 8 s after each other.
  expect(asked).toEqual([1, 3, 7, 15, 23, 31]);
  works = true;
  c.add(stored('b'));
  await pass(8_000);
  expect(taken).toEqual(['a', 'b']);
  expect(c.stats).toEqual({ sink: 'webhook', waiting: 0, taken: 2, failures: 7, dead: 0 });
});

it('a receiver that says when to come back is heard', async () => {
  const later = new GatewayError('STORE_WEBHOOK', 'busy', { retryAfterMs: 30_000 });
  const sink = new Sink(1, () => (sink.asked.length === 1 ? later : undefined));
  const { courier: c, taken, pass } = courier(sink);
  c.add(stored('a'));
  await pass(0);
  await pass(29_000);
  expect(taken).toEqual([]);
  await pass(1_000);
  expect(taken).toEqual(['a']);
});

it('one record that is refused keeps no other waiting, and is tried again by itself', async () => {
  const sink = new Sink(10, (ids) => (ids.includes('bad') ? refused : undefined));
  const { courier: c, taken, dead, pass } = courier(sink, { deadAfterMs: DAY_MS });
  for (const id of ['a', 'bad', 'b']) c.add(stored(id));
  await pass(0);
  expect(taken).toEqual(['a', 'b']);
  for (let hour = 0; hour < 26; hour++) await pass(3_600_000);
  expect(dead).toEqual(['bad: refused']);
  expect(c.stats.waiting).toBe(0);
});

it('one record that brings the sink down goes behind the others', async () => {
  const sink = new Sink(1, ([id]) => (id === 'bad' ? down : undefined));
  const { courier: c, taken, pass } = courier(sink);
  for (const id of ['bad', 'a', 'b']) c.add(stored(id));
  await pass(0);
  expect(taken).toEqual([]);
  await pass(1_000);
  expect(taken).toEqual(['a', 'b']);
});

it('what waited too long is given up, but only by monotonic time and after some tries', async () => {
  const sink = new Sink(1, () => down);
  const { courier: c, clock, dead, pass } = courier(sink, { deadAfterMs: 7 * DAY_MS });
  c.add(stored('a'));
  await pass(0);
  // The wall clock jumps by a year: nothing is older for that.
  clock.jump(365 * DAY_MS);
  for (let i = 0; i < 10; i++) await pass(60_000);
  expect(dead).toEqual([]);
  // One that waited eight days in earlier runs has its tries, too.
  c.add(stored('old'), 8 * DAY_MS);
  await pass(60_000);
  await pass(60_000);
  expect(dead.map((each) => each.split(':')[0])).toEqual(['old']);
  expect(c.stats).toMatchObject({ waiting: 1, dead: 1 });
});

it('the oldest are given up when too much waits', async () => {
  const sink = new Sink(1, () => down);
  const { courier: c, dead, pass } = courier(sink, { maxBytes: 50 });
  for (const id of ['a', 'b', 'c', 'd']) c.add(stored(id));
  await pass(0);
  expect(dead).toEqual(['a: too much waits']);
});

it('a dead letter that cannot be kept stays where it is', async () => {
  const sink = new Sink(1, () => down);
  const {
    courier: c,
    taken,
    pass,
  } = courier(sink, {
    deadAfterMs: 0,
    onDead: () => Promise.reject(new Error('ENOSPC')),
  });
  c.add(stored('a'), 1);
  await pass(0);
  for (let i = 0; i < 5; i++) await pass(60_000);
  expect([c.stats.waiting, taken]).toEqual([1, []]);
});

it('close gives the sink one more try, waits no longer than it may, and leaves no timer', async () => {
  const hangs = new Sink(1);
  hangs.take = () => new Promise(() => {});
  const { courier: c } = courier(hangs);
  c.add(stored('a'));
  await c.close(turn());
  const fails = new Sink(1, () => down);
  const other = courier(fails);
  other.courier.add(stored('a'));
  await other.pass(0);
  await other.courier.close(new Promise(() => {}));
  expect([fails.asked.length, fails.closed, other.clock.armed]).toEqual([2, true, 0]);
});
