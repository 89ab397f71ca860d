import { expect, it } from 'vitest';
import { PortTable } from '../../../src/media/net/linux/port-table.ts';

it('finds nothing by the name of a port that is gone, even when its slot is used again', () => {
  const table = new PortTable<string>();
  const slot = table.add('first');
  const name = [slot, table.generation(slot)] as const;
  expect(table.get(...name)).toBe('first');
  table.remove(slot);
  table.remove(slot);
  expect(table.get(...name)).toBeUndefined();
  expect(table.add('second')).toBe(slot);
  expect(table.get(...name)).toBeUndefined();
  expect(table.get(slot, table.generation(slot))).toBe('second');
  expect(table.get(99, 0)).toBeUndefined();
  expect([table.size, [...table]]).toEqual([1, ['second']]);
});
