import { describe, expect, it } from 'vitest';
import { ThreadPriority } from '../../../src/media/index.ts';

const TWO = { cores: 2, workers: 2, isLimited: false };

/** A system that grants it, or says an error to the way up or down; and what it was asked for. */
function system(errnos: { up?: number; down?: number } = {}) {
  const asked: boolean[] = [];
  const errno = (on: boolean): number => (on ? errnos.up : errnos.down) ?? 0;
  const setRealtime = (on: boolean): number => {
    asked.push(on);
    return errno(on);
  };
  return { asked, errnos, setRealtime };
}

describe('what is asked of the system', () => {
  it.each([
    ['auto', { ...TWO, cores: 1, workers: 1 }, 'normal', []],
    ['auto', TWO, 'realtime', [true]],
    ['auto', { ...TWO, workers: 3 }, 'normal', []],
    ['auto', { ...TWO, isLimited: true }, 'normal', []],
    ['normal', TWO, 'normal', []],
    ['realtime', { cores: 1, workers: 9, isLimited: true }, 'realtime', [true]],
  ] as const)('%s with %j: %s', (choice, machine, name, asked) => {
    const linux = system();
    expect(new ThreadPriority(choice, machine, linux).name).toBe(name);
    expect(linux.asked).toEqual(asked);
  });

  it('a refusal has its name, and is not asked for again', () => {
    const linux = system({ up: 1 });
    const priority = new ThreadPriority('auto', TWO, linux);
    expect([priority.name, priority.refused]).toEqual(['normal', 'EPERM']);
    for (let i = 0; i < 100; i++) expect(priority.observe(0.1)).toBe(false);
    expect(linux.asked).toEqual([true]);
  });

  it('a system without such a thing', () => {
    expect(new ThreadPriority('realtime', TWO, undefined).refused).toBe('ENOSYS');
  });
});

describe('a thread that is saturated', () => {
  const saturated = () => {
    const linux = system();
    const priority = new ThreadPriority('auto', TWO, linux);
    expect(priority.observe(0.95)).toBe(false);
    expect(priority.observe(0.9)).toBe(true);
    expect([priority.name, linux.asked]).toEqual(['normal', [true, false]]);
    return { linux, priority };
  };

  it('is an ordinary one from the second look on, and not for one full second', () => {
    saturated();
    const priority = new ThreadPriority('auto', TWO, system());
    for (let i = 0; i < 20; i++) expect(priority.observe(i % 2 === 0 ? 1 : 0.5)).toBe(false);
    expect(priority.name).toBe('realtime');
  });

  it('goes first again after ten calm looks in a row', () => {
    const { linux, priority } = saturated();
    for (let i = 0; i < 9; i++) expect(priority.observe(0.5)).toBe(false);
    expect(priority.observe(0.8)).toBe(false);
    for (let i = 0; i < 9; i++) expect(priority.observe(0.5)).toBe(false);
    expect(priority.observe(0.5)).toBe(true);
    expect([priority.name, linux.asked]).toEqual(['realtime', [true, false, true]]);
  });

  it('tells once that the system does not let it down, and asks each second until it does', () => {
    const linux = system({ down: 1 });
    const priority = new ThreadPriority('realtime', TWO, linux);
    expect([1, 1, 1, 1].map((share) => priority.observe(share))).toEqual([false, true, false, false]);
    expect([priority.name, priority.refused, linux.asked]).toEqual([
      'realtime',
      'EPERM',
      [true, false, false, false],
    ]);
    linux.errnos.down = 0;
    expect(priority.observe(1)).toBe(true);
    expect([priority.name, priority.refused]).toEqual(['normal', undefined]);
  });

  it('is one as well when nobody says how busy it is', () => {
    const linux = system();
    const priority = new ThreadPriority('realtime', TWO, linux);
    expect(priority.observe(undefined)).toBe(true);
    for (let i = 0; i < 20; i++) expect(priority.observe(undefined)).toBe(false);
    expect([priority.name, linux.asked]).toEqual(['normal', [true, false]]);
  });
});
