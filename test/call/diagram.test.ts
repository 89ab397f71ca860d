import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { callDiagram, callTable, withDiagram } from '../../src/call/index.ts';
import { TABLE } from '../../src/call/table.ts';
import { CALL_STATES } from '../../src/shared/call-states.ts';

const readme = readFileSync(new URL('../../src/call/README.md', import.meta.url), 'utf8');

test('the diagram in the README is the table (renew it with withDiagram)', () => {
  expect(withDiagram(readme)).toBe(readme);
});

test('every state is entered and left', () => {
  const diagram = callDiagram();
  for (const state of CALL_STATES.filter((name) => name !== 'new')) {
    expect(diagram, state).toMatch(new RegExp(`--> ${state}:`));
    expect(diagram, state).toMatch(new RegExp(`^ *${state} -->`, 'm'));
  }
});

test('the last row of every cell has no guard or stays reachable: a cell always applies', () => {
  for (const [state, column] of Object.entries(TABLE)) {
    for (const [event, rows] of Object.entries(column)) {
      expect(rows.at(-1)?.when, `${state} x ${event}`).toBeUndefined();
    }
  }
});

test('the written table has a line for every row', () => {
  const rows = Object.values(TABLE).flatMap((column) => Object.values(column).flat());
  expect(callTable().split('\n')).toHaveLength(rows.length + 2);
});

test('a README without the markers is refused', () => {
  expect(() => withDiagram('# The call')).toThrow('markers');
});
