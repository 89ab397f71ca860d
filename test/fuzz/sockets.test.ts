import { afterAll, beforeAll, expect, test } from 'vitest';
import { Sockets } from './sockets.ts';

let sockets: Sockets;
beforeAll(async () => {
  sockets = await Sockets.open(4475);
});
afterAll(async () => {
  await sockets.close();
});

test.each([1, 2])(
  'hostile datagrams, streams and applications, round %i: an honest OPTIONS is answered',
  async (round) => {
    expect(await sockets.round(round)).toBeGreaterThan(50);
  },
);
