import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it("tells of each thread's heap what is left when its garbage is gone", async () => {
  const [preload, trial] = ['./tells-heap.ts', './thread-heaps-trial.ts'].map(
    (name) => new URL(name, import.meta.url),
  );
  const args = ['--expose-gc', '--import', preload?.href ?? '', trial?.pathname ?? ''];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const [nothing, garbage, kept, ended] = JSON.parse(stdout) as Record<string, number>[];
  const of = (told: Record<string, number> | undefined): number =>
    told?.['support/thread-heaps-trial.ts'] ?? Number.NaN;
  expect(of(garbage) - of(nothing)).toBeLessThan(1_000_000);
  expect(of(kept) - of(nothing)).toBeGreaterThan(4_000_000);
  expect(ended).toEqual({});
});
