import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { hurrySignal } from '../../src/cli/signals.ts';

it.each([
  ['SIGTERM', 1],
  ['drain', 2],
])('after %s, signal %d ends the calls', async (why, wanted) => {
  const from = new EventEmitter();
  let sent = 0;
  const hurried = hurrySignal(why, from).then(() => sent);
  while (from.listenerCount('SIGTERM') > 0 && sent < 3) {
    sent += 1;
    from.emit('SIGTERM', 'SIGTERM');
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await hurried).toBe(wanted);
});
