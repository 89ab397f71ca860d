import { afterEach, describe, expect, it } from 'vitest';
import { TrunkBoard } from '../../../src/gateway/trunks/board.ts';
import type { QualifyPolicy } from '../../../src/gateway/trunks/qualify.ts';
import { TrunkWatch, type TrunkWatchOptions } from '../../../src/gateway/trunks/watch.ts';
import { FakeClock } from '../../../src/shared/fake-clock.ts';
import { silentLog } from '../../../src/shared/log.ts';

type Answer = Awaited<NonNullable<ReturnType<TrunkWatchOptions['ask']>>>;

const POLICY: QualifyPolicy = { everyS: 30, timeoutMs: 4_000, failures: 2 };
const YES: Answer = { ok: true, value: 200 };
const no = (kind: 'response' | 'timeout' | 'transport' | 'control-lost', more: object = {}): Answer => ({
  ok: false,
  error: { kind, status: 408, reason: 'no answer in time', ...more },
});

const clock = new FakeClock();
afterEach(() => expect(clock.armed).toBe(0));

/** A watch whose trunks answer at once what the test says; time goes on a step at a time. */
function rig(trunks: Record<string, Partial<QualifyPolicy>>, random: () => number = () => 0.5) {
  const names = Object.keys(trunks);
  const told: string[] = [];
  const board = new TrunkBoard({
    trunks: Object.fromEntries(names.map((name) => [name, {}])),
    clock,
    onChange: ({ trunk, up, why }) => told.push(`${trunk} ${up ? 'up' : 'down'}: ${why}`),
  });
  const bugs: string[] = [];
  const answers: Record<string, Answer | 'bug' | undefined> = Object.fromEntries(
    names.map((name) => [name, YES]),
  );
  const asked: { readonly trunk: string; readonly atMs: number }[] = [];
  const began = clock.monotonic();
  const watch = new TrunkWatch({
    board,
    trunks: Object.fromEntries(
      Object.entries(trunks).map(([name, policy]) => [name, { qualify: { ...POLICY, ...policy } }]),
    ),
    ask: (trunk) => {
      const answer = answers[trunk];
      if (!answer) return undefined;
      if (answer === 'bug') throw new Error('a bug');
      asked.push({ trunk, atMs: Math.round(clock.monotonic() - began) });
      return Promise.resolve(answer);
    },
    clock,
    log: { ...silentLog, error: (_, event) => bugs.push(event) },
    random,
  });
  /** `ms` in steps, so that answers are taken between them. */
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 100) {
      clock.advance(Math.min(100, left));
      await new Promise(setImmediate);
    }
  };
  const replace = (next: Record<string, Partial<QualifyPolicy>>, ...otherwise: string[]): void => {
    // The board goes first, as at a reload.
    board.replace(Object.fromEntries(Object.keys(next).map((name) => [name, {}])));
    for (const name of Object.keys(next)) answers[name] ??= YES;
    watch.replace(
      Object.fromEntries(
        Object.entries(next).map(([name, policy]) => [name, { qualify: { ...POLICY, ...policy } }]),
      ),
      (trunk) => otherwise.includes(trunk),
    );
  };
  return { board, watch, answers, asked, pass, told, bugs, replace };
}

it('asks each trunk in its own time, never all at once, and again after the interval', async () => {
  let drawn = 0;
  const { watch, asked, pass } = rig({ a: {}, b: {}, c: {} }, () => (drawn++ % 3) / 3);
  await pass(40_000);
  const at = (trunk: string): number[] =>
    asked.filter((each) => each.trunk === trunk).map(({ atMs }) => atMs);
  expect(new Set([at('a')[0], at('b')[0], at('c')[0]]).size, 'spread').toBeGreaterThan(1);
  for (const trunk of ['a', 'b', 'c']) {
    const [first = 0, second = 0] = at(trunk);
    expect(second - first).toBeGreaterThanOrEqual(27_000);
    expect(second - first).toBeLessThanOrEqual(33_200);
  }
  watch.close();
});

it('is down after failures in a row, asked sooner in doubt, and up at the first answer', async () => {
  const { board, watch, answers, asked, pass } = rig({ a: {} });
  await pass(1_000);
  answers['a'] = no('timeout');
  await pass(30_000);
  expect(board.isUp('a')).toBe(true);
  await pass(5_500);
  expect(board.dump()).toMatchObject([
    { up: false, troubles: [{ source: 'qualify', why: 'OPTIONS: no answer in time' }] },
  ]);
  answers['a'] = no('response', { status: 404 });
  await pass(33_000);
  expect(board.dump()).toMatchObject([{ up: true, why: '404 to OPTIONS' }]);
  expect(asked).toHaveLength(4);
  watch.close();
});

it('says nothing of a trunk while our own SIP server is gone, or it has no address', async () => {
  const { board, watch, answers, asked, pass } = rig({ a: { everyS: 1 } });
  answers['a'] = no('control-lost');
  await pass(10_000);
  expect(board.isUp('a')).toBe(true);
  const before = asked.length;
  expect(before).toBeGreaterThan(5);
  answers['a'] = undefined;
  await pass(5_000);
  answers['a'] = YES;
  await pass(2_000);
  expect(asked.length).toBeGreaterThan(before);
  watch.close();
});

it('a call that meets silence counts, and has the trunk asked at once, but not at every call', async () => {
  const { board, watch, answers, asked, pass } = rig({ a: {} });
  await pass(5_000);
  answers['a'] = no('transport', { status: 503, reason: 'connection refused' });
  const before = asked.length;
  watch.heard('a', { kind: 'silence', why: 'connection refused' });
  await pass(100);
  expect(board.dump()).toMatchObject([{ up: false, why: 'OPTIONS: connection refused' }]);
  for (let i = 0; i < 50; i += 1) watch.heard('a', { kind: 'doubt' });
  await pass(900);
  expect(asked.length - before).toBeLessThanOrEqual(2);
  watch.heard('a', { kind: 'response', status: 180 });
  expect(board.dump()).toMatchObject([{ up: true, why: '180 to INVITE' }]);
  watch.close();
});

it('doubt alone is no verdict', async () => {
  const { board, watch, pass } = rig({ a: {} });
  for (let i = 0; i < 5; i += 1) {
    watch.heard('a', { kind: 'doubt' });
    await pass(1_100);
  }
  expect(board.isUp('a')).toBe(true);
  watch.close();
});

it.each([
  ['as long as it says', 20, 20_000],
  ['five minutes at most', 86_400, 300_000],
])('503 with Retry-After is congestion, %s', async (_, retryAfterS, ms) => {
  const { board, watch, pass } = rig({ a: {} });
  await pass(100);
  watch.heard('a', { kind: 'response', status: 503, retryAfterS });
  expect(board.dump()).toMatchObject([
    { up: false, troubles: [{ source: 'congestion', why: `503 to INVITE, Retry-After: ${retryAfterS}` }] },
  ]);
  clock.advance(ms - 1);
  expect(board.isUp('a'), 'an answer to OPTIONS does not end it').toBe(false);
  clock.advance(1);
  expect(board.isUp('a')).toBe(true);
  watch.close();
});

it.each([
  ['without Retry-After', { status: 503 }],
  ['of a proxy, with time-out', { status: 504, retryAfterS: 9 }],
])('a failure %s says nothing', (_, answer) => {
  const { board, watch } = rig({ a: { failures: 1 } });
  watch.heard('a', { kind: 'response', ...answer });
  expect(board.isUp('a')).toBe(true);
  watch.close();
});

it('a trunk that is never asked rests for a while after calls without an answer', async () => {
  const { board, watch, asked, pass } = rig({ a: { everyS: 0 } });
  watch.heard('a', { kind: 'silence', why: 'no answer' });
  watch.heard('a', { kind: 'response', status: 486 });
  watch.heard('a', { kind: 'silence', why: 'no answer' });
  expect(board.isUp('a'), 'not in a row').toBe(true);
  watch.heard('a', { kind: 'silence', why: 'no answer' });
  expect(board.isUp('a')).toBe(false);
  await pass(29_900);
  expect(board.isUp('a')).toBe(false);
  await pass(100);
  expect(board.isUp('a')).toBe(true);
  expect(asked).toEqual([]);
  watch.close();
});

it('close ends it, also in the middle of a question', async () => {
  const { board, watch, answers } = rig({ a: { failures: 1 } });
  answers['a'] = no('timeout');
  clock.advance(100);
  watch.close();
  await new Promise(setImmediate);
  watch.heard('a', { kind: 'silence', why: 'late' });
  expect(board.isUp('a')).toBe(true);
});

it('the end of a congestion is told when it comes, though nobody asks', async () => {
  const { watch, told } = rig({ a: { everyS: 0 } });
  watch.heard('a', { kind: 'response', status: 503, retryAfterS: 20 });
  clock.advance(10_000);
  watch.heard('a', { kind: 'response', status: 503, retryAfterS: 20 });
  clock.advance(19_999);
  expect(told).toEqual(['a down: 503 to INVITE, Retry-After: 20']);
  clock.advance(1);
  expect(told.slice(1)).toEqual(['a up: time is over']);
  watch.close();
});

it('a bug in asking is logged, and the trunk asked again', async () => {
  const { watch, answers, asked, bugs, pass } = rig({ a: { everyS: 1 } });
  answers['a'] = 'bug';
  await pass(3_000);
  expect(bugs.length).toBeGreaterThan(1);
  expect(new Set(bugs)).toEqual(new Set(['trunk.bug']));
  answers['a'] = YES;
  await pass(3_000);
  expect(asked.length).toBeGreaterThan(1);
  watch.close();
});

describe('other trunks', () => {
  it('new ones are asked at once, those that are gone no more, the others in their time', async () => {
    const { board, watch, asked, pass, replace } = rig({ a: {}, b: {} });
    await pass(5_000);
    const before = asked.length;
    expect(before).toBe(2);
    replace({ b: {}, c: {} });
    await pass(1_000);
    expect(asked.slice(before).map(({ trunk }) => trunk)).toEqual(['c']);
    await pass(40_000);
    const later = asked.slice(before).map(({ trunk }) => trunk);
    expect([later.includes('a'), later.filter((trunk) => trunk === 'b')]).toEqual([false, ['b']]);
    expect(board.dump().map(({ trunk }) => trunk)).toEqual(['b', 'c']);
    expect([watch.roundTripMs('a'), watch.roundTripMs('c')]).toEqual([undefined, 0]);
    watch.close();
  });

  it('of one that is reached otherwise nothing that was known counts, neither silence nor congestion', async () => {
    const { board, watch, answers, asked, pass, replace } = rig({ a: { failures: 1 }, b: { failures: 1 } });
    Object.assign(answers, { a: no('timeout'), b: no('timeout') });
    await pass(1_000);
    watch.heard('a', { kind: 'response', status: 503, retryAfterS: 60 });
    expect(board.dump()).toMatchObject([{ up: false }, { up: false }]);
    Object.assign(answers, { a: YES, b: YES });
    const before = asked.length;
    replace({ a: {}, b: {} }, 'a');
    expect(board.dump()).toMatchObject([
      { trunk: 'a', up: true, why: 'its configuration changed', troubles: [] },
      { trunk: 'b', up: false },
    ]);
    await pass(1_000);
    expect(asked.slice(before).map(({ trunk }) => trunk)).toEqual(['a']);
    watch.close();
  });

  it('an answer that was waited for when the trunk changed says nothing of the new one', async () => {
    const { board, watch, answers, asked, pass, replace } = rig({ a: { failures: 1 } });
    answers['a'] = no('timeout');
    // Asked, and not answered yet: that takes a turn.
    clock.advance(100);
    answers['a'] = YES;
    replace({ a: {} }, 'a');
    await pass(1_000);
    expect([board.isUp('a'), asked.length]).toEqual([true, 2]);
    await pass(31_000);
    expect(asked, 'one row of questions, not two').toHaveLength(3);
    watch.close();
  });

  it('a new way of asking is taken up, and one that is gone leaves no timer', async () => {
    const { watch, asked, pass, replace } = rig({ a: { everyS: 30 } });
    await pass(1_000);
    watch.heard('a', { kind: 'response', status: 503, retryAfterS: 60 });
    replace({ a: { everyS: 5 } }, 'a');
    await pass(10_800);
    expect(asked).toHaveLength(4);
    replace({});
    expect(clock.armed).toBe(0);
    watch.heard('a', { kind: 'silence', why: 'late' });
    watch.close();
    replace({ a: {} });
    expect(clock.armed, 'after the end').toBe(0);
  });
});
