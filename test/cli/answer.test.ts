import { expect, it, onTestFinished, vi } from 'vitest';
import { give, refused } from '../../src/cli/answer.ts';

it('a problem with a line is told with its file, and without one where only the gateway knows the file', () => {
  const lines: string[] = [];
  const error = vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
  onTestFinished(() => error.mockRestore());
  const problem = { field: 'log.level', message: 'wrong.', line: 6, column: 8 };
  expect(give(refused(problem, { ...problem, file: 'gateway.yaml' }), false)).toBe(1);
  expect(lines).toEqual(['line 6:8: log.level: wrong.', 'gateway.yaml:6:8: log.level: wrong.']);
});
