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
  const isDone = async (work: Promise<void>, ms: number): Promise<boolean> => {
    const { promise: late, resolve } = Promise.withResolvers<boolean>();
    const timer = clock.after(ms, () => resolve(false));
    try {
      return await Promise.race([work.then(() => true), late]);
    } finally {
      timer.clear();
    }
  };
  if (await isDone(thread.close(), CLOSE_MS)) return;
  log.error({ code: 'SIP_SERVER_WORKER' }, 'sip_server.worker_hangs');
  if (await isDone(thread.kill(), GO_MS)) return;
  log.error({ code: 'SIP_SERVER_WORKER' }, 'sip_server.worker_left');
}
