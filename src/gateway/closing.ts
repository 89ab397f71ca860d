import type { Log } from '../shared/log.ts';

/** A part of the gateway and how it is closed; nothing to wait for where it was never opened. */
export type ClosingPart = readonly [name: string, close: () => Promise<void> | undefined];

/** One after the other. One that fails is logged and the others are closed all the same: a port or thread that is left would keep the process alive. */
export async function closeInOrder(parts: readonly ClosingPart[], log: Log): Promise<void> {
  for (const [part, close] of parts) {
    try {
      await close();
    } catch (error) {
      const err = error instanceof Error ? error.stack : String(error);
      log.error({ part, err }, 'gateway.close-failed');
    }
  }
}
