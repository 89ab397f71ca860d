import { expect, it } from 'vitest';
import { firstFree } from './ports.ts';

it('asks for each port of the range once, and then says that none is free', async () => {
  const asked: number[] = [];
  const taken = (port: number): Promise<undefined> => {
    asked.push(port);
    return Promise.resolve(undefined);
  };
  await expect(firstFree(taken)).rejects.toThrow(/^no free port among/);
  expect(new Set(asked).size).toBe(asked.length);
  expect(asked.length).toBeGreaterThan(20);
});
