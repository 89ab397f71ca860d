import { atMost } from '../shared/at-most.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';

/** How long a thread that is told to close may take, ms. */
const CLOSE_MS = 3_000;
/** How long it may take to go once it is ended: one that waits inside the system never goes, ms. */
const GO_MS = 2_000;

/** Closes a thread, or ends it, or leaves it: what else its process has to close must not wait for one that hangs. */
export async function endThread(
  thread: { close(): Promise<void>; kill(): Promise<void> },
  clock: Pick<Clock, 'after'>,
  log: Log,
): Promise<void> {
  if (await atMost(clock, CLOSE_MS, thread.close())) return;
  log.error({ code: 'SIP_SERVER_WORKER' }, 'sip_server.worker_hangs');
  if (await atMost(clock, GO_MS, thread.kill())) return;
  log.error({ code: 'SIP_SERVER_WORKER' }, 'sip_server.worker_left');
}
