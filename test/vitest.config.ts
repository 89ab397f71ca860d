import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { RetriedReporter } from './support/retried.ts';

/** The whole gateway, in real time, with real peers. */
const WHOLE = ['test/e2e/**/*.test.ts', 'test/classic/**/*.test.ts', 'test/interop/**/*.test.ts'];
/** These count threads, timers, sockets or memory of their process, or replace a part of it: each has one of its own. */
const ALONE = [
  'test/e2e/leaks/**/*.test.ts',
  'test/e2e/life-cycle.test.ts',
  'test/gateway/load-meter.test.ts',
  'test/gateway/media-plane.test.ts',
  'test/media/net/dgram-tap.test.ts',
  'test/media/net/life.test.ts',
  'test/observe/trace/memory.test.ts',
  'test/sip/drachtio-srf.test.ts',
  'test/webrtc/close.test.ts',
  'test/webrtc/werift-tap.test.ts',
];
/** These take minutes and are `npm run test:interop`. */
const APART = [
  ...configDefaults.exclude,
  // `INTEROP=apart`: CI runs all of them by that command.
  process.env['INTEROP'] === 'apart' ? 'test/interop/**' : 'test/interop/asterisk/**',
];

const root = new URL('..', import.meta.url).pathname;
// Each world starts threads that load our sources: compiled once, not a thousand times.
process.env['NODE_COMPILE_CACHE'] ??= `${root}node_modules/.cache/node`;

export default defineConfig({
  root,
  test: {
    pool: 'forks',
    // A drachtio-server hands each incoming call to one of the gateways on it, in turn: there may be only one.
    fileParallelism: !process.env['DRACHTIO_HOST'],
    // Calls are carried in real time: most of a test is waiting, and as many workers as cores would leave these idle.
    maxWorkers: availableParallelism() + 2,
    // What is awaited comes within seconds; a machine that is busy with something else takes ten times as long.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000, interval: 10 } },
    reporters: [process.env['TEST_REPORTER'] ?? 'default', new RetriedReporter()],
    // What Node runs in production, run by Node as there, and compiled once: no module is replaced in any test.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    setupFiles: ['test/support/keep-compiled.ts'],
    // Files of one worker share what they import: importing costs more than most tests.
    isolate: false,
    projects: [
      {
        extends: true,
        test: { name: 'alone', include: ALONE, isolate: true },
      },
      {
        extends: true,
        test: { name: 'rooms', include: ['test/**/*.test.ts'], exclude: [...WHOLE, ...ALONE, ...APART] },
      },
      {
        extends: true,
        // One real peer that hangs must not cost a run of half an hour. What passes only when tried again is told.
        test: {
          name: 'whole',
          include: WHOLE,
          exclude: [...ALONE, ...APART],
          retry: process.env['CI'] ? 1 : 0,
        },
      },
    ],
  },
});
