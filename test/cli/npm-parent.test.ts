import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { endWithNpm } from '../../src/cli/npm-parent.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const npm = { npm_package_name: 'messenger-sip-gateway', npm_lifecycle_event: 'demo' };

function watched(env: Readonly<Record<string, string>>) {
  const state = { parent: 42, ended: 0 };
  endWithNpm({
    env,
    parent: () => state.parent,
    end: () => {
      state.ended += 1;
    },
  });
  return state;
}

it('ends once when the shell of npm is gone, and not before', () => {
  const state = watched(npm);
  vi.advanceTimersByTime(60_000);
  expect(state.ended).toBe(0);
  state.parent = 1;
  vi.advanceTimersByTime(60_000);
  expect(state.ended).toBe(1);
});

it.each([{}, { ...npm, npm_package_name: 'other' }, { ...npm, npm_lifecycle_event: 'test' }])(
  'whoever else has started it may go: %o',
  (env) => {
    const state = watched(env);
    state.parent = 1;
    vi.advanceTimersByTime(60_000);
    expect(state.ended).toBe(0);
  },
);
