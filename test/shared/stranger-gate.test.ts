import { expect, it } from 'vitest';
import { SocketPeer } from '../../src/media/net/peer.ts';
import { StrangerGate } from '../../src/shared/stranger-gate.ts';

const peer = (port: number): SocketPeer => {
  const made = SocketPeer.parse('198.51.100.7', port);
  if (!made) throw new Error('no peer');
  return made;
};
const taken = (gate: StrangerGate, from: SocketPeer, count: number, nowMs: number): number => {
  let passed = 0;
  for (let i = 0; i < count; i++) if (gate.take(from, nowMs)) passed += 1;
  return passed;
};

it('lets a hundred of one source by, and a hundred a second after that', () => {
  const gate = new StrangerGate();
  const one = peer(5_000);
  expect(taken(gate, one, 500, 1_000)).toBe(100);
  expect(gate.dropped).toBe(400);
  expect(taken(gate, one, 500, 1_500)).toBe(50);
  // However long it was quiet.
  expect(taken(gate, one, 500, 3_600_000)).toBe(100);
  // The same sender, made anew.
  expect(taken(gate, peer(5_000), 500, 3_600_000)).toBe(0);
});

it('leaves room for others beside one that floods', () => {
  const gate = new StrangerGate();
  const [loud, moved] = [peer(5_000), peer(6_000)];
  let heard = 0;
  for (let ms = 0; ms < 10_000; ms += 20) {
    taken(gate, loud, 1_000, ms);
    heard += taken(gate, moved, 1, ms);
  }
  expect(heard).toBe(500);
});

it('lets three hundred a second by of sources without end', () => {
  const gate = new StrangerGate();
  let passed = 0;
  for (let i = 0; i < 20_000; i++) passed += taken(gate, peer(1_024 + i), 1, i / 10);
  expect(passed).toBeGreaterThan(850);
  expect(passed).toBeLessThanOrEqual(900);
});

it('is not confused by a clock that does not move', () => {
  const gate = new StrangerGate();
  expect(taken(gate, peer(1), 200, 0)).toBe(100);
  expect(taken(gate, peer(1), 1, 0)).toBe(0);
});
