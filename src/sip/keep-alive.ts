import type { Socket } from 'node:net';
import type { Clock, TimerHandle } from '../shared/clock.ts';

const INTERVAL_MS = 15_000;
/** Intervals without a byte before the server counts as gone. */
const MISSES = 3;

/**
 * Pings a drachtio-server that knows pings (0.8.2 and later) and calls `onDead` after 45 s of silence: without it a
 * server that lost its power is noticed only by TCP, after many minutes. Returns the stop function.
 */
export function keepAlive(options: {
  readonly clock: Clock;
  readonly socket: Socket;
  /** As announced at authentication, e.g. `v0.9.4-embedded`. */
  readonly version: string;
  readonly ping: () => void;
  readonly onDead: () => void;
}): () => void {
  if (!answersPings(options.version)) return () => {};
  let bytes = -1;
  let misses = 0;
  let timer: TimerHandle | undefined;
  let rearm: NodeJS.Immediate | undefined;
  const tick = () => {
    misses = options.socket.bytesRead === bytes ? misses + 1 : 0;
    bytes = options.socket.bytesRead;
    if (misses >= MISSES) return options.onDead();
    options.ping();
    // Armed in a later turn, so that a jump of the clock (suspended machine) is one miss and not three.
    rearm = setImmediate(() => {
      timer = options.clock.after(INTERVAL_MS, tick);
    });
  };
  timer = options.clock.after(INTERVAL_MS, tick);
  return () => {
    timer?.clear();
    clearImmediate(rearm);
  };
}

/** The server's version is 0.8.2 or later; unknown forms count as not, as in drachtio-srf. */
export function answersPings(version: string): boolean {
  const match = /^v(\d{1,6})\.(\d{1,6})\.(\d{1,6})/.exec(version);
  if (!match) return false;
  const [major, minor, patch] = match.slice(1).map(Number) as [number, number, number];
  return major > 0 || minor > 8 || (minor === 8 && patch >= 2);
}
