import { expect, it } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { Impairment, type ImpairmentOptions } from '../../src/sim/impairment.ts';

function network(options: ImpairmentOptions, draws: readonly number[] = [0.5]) {
  const clock = new FakeClock();
  const arrived: { readonly text: string; readonly atMs: number }[] = [];
  let drawn = 0;
  const random = (): number => draws[drawn++ % draws.length] ?? 0;
  const way = new Impairment(options, clock, random, (datagram) =>
    arrived.push({ text: datagram.toString(), atMs: clock.monotonic() }),
  );
  return {
    clock,
    way,
    arrived,
    texts: () => arrived.map(({ text }) => text).join(''),
    send: (texts: string) => {
      for (const text of texts) way.send(Buffer.from(text));
    },
  };
}

it('is a good network when nothing is said', () => {
  const { send, texts } = network({});
  send('abc');
  expect(texts()).toBe('abc');
});

it('loses as many as told', () => {
  const { send, texts, way } = network({ lossPercent: 25 }, [0.2, 0.3, 0.9, 0.5]);
  send('abcdefgh');
  expect(texts()).toBe('bcdfgh');
  expect(way.lost).toBe(2);
});

it('doubles, and lets one be overtaken by the next', () => {
  const double = network({ duplicatePercent: 50 }, [0.1, 0.9]);
  double.send('ab');
  expect(double.texts()).toBe('aab');
  const swap = network({ reorderPercent: 50 }, [0.1, 0.9, 0.9]);
  swap.send('abc');
  expect(swap.texts()).toBe('bac');
});

it('delays each by less than the jitter, in order', () => {
  const { send, texts, arrived, clock } = network({ jitterMs: 100 }, [0.9, 0.1, 0.5]);
  send('abc');
  expect(texts()).toBe('');
  clock.advance(89);
  expect(texts()).toBe('');
  clock.advance(11);
  expect(texts()).toBe('abc');
  expect(arrived.every(({ atMs }) => atMs <= 100)).toBe(true);
});

it('delivers nothing and leaves no timer when it is closed', () => {
  const { send, texts, way, clock } = network({ jitterMs: 100, reorderPercent: 100 });
  send('abc');
  way.close();
  expect(clock.armed).toBe(0);
  clock.advance(1_000);
  expect(texts()).toBe('');
});
