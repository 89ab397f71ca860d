import { onTestFinished } from 'vitest';
import { GraphClient, type GraphClientOptions } from '../../src/meta/index.ts';
import type { Clock } from '../../src/shared/clock.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import type { Log } from '../../src/shared/log.ts';
import type { GraphServer } from './graph-server.ts';

export const PAGE = '102030405060708';
export const CALL = 'c_9ZtQ4mR7wLk2';
export const PSID = '7654321098765432';
export const TOKEN = 'PAGE-TOKEN-1';
export const SECRET = 'app-secret-one';

export interface ClientRig {
  readonly client: GraphClient;
  /** Stands still but for pauses, so that a time-out comes only when a test wants it. */
  readonly clock: FakeClock;
  /** Every log line as JSON text. */
  readonly lines: readonly string[];
  /** What the client waited between its tries, ms. */
  readonly waits: readonly number[];
}

/** The waits between tries, without jitter (`random` is one half), and those that a Retry-After may make. */
const PAUSES = [250, 1_000, 3_000, 7_000, 10_000];

/** A client whose pauses between tries pass at once; every other timer is the test's. */
export function clientOf(server: GraphServer | string, more: Partial<GraphClientOptions> = {}): ClientRig {
  const clock = new FakeClock();
  const lines: string[] = [];
  const waits: number[] = [];
  const hasty: Clock = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (ms, fn) => {
      if (PAUSES.includes(ms)) {
        waits.push(ms);
        setImmediate(() => clock.advance(ms));
      }
      return clock.after(ms, fn);
    },
    every: (ms, fn) => clock.every(ms, fn),
  };
  const write =
    (level: string) =>
    (fields: object, event: string): void => {
      lines.push(JSON.stringify({ level, event, ...fields }));
    };
  const log: Log = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
  const client = new GraphClient({
    baseUrl: typeof server === 'string' ? server : server.url,
    version: 'v26.0',
    credentials: (pageId) => (pageId === PAGE ? { accessToken: TOKEN, appSecret: SECRET } : undefined),
    sendAppSecretProof: true,
    timeouts: { acceptMs: 9_000, endMs: 5_000, profileMs: 1_600, permissionMs: 4_000 },
    clock: hasty,
    log,
    random: () => 0.5,
    ...more,
  });
  onTestFinished(() => client.close());
  return { client, clock, lines, waits };
}
