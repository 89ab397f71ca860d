import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { RetriedReporter } from './support/retried.ts';

/** The whole gateway, in real time, with real peers. */
const WHOLE = ['test/e2e/**/*.test.ts', 'test/classic/**/*.test.ts', 'test/interop/**/*.test.ts'];
/** Nothing is replaced or left behind here, so files of one worker may share what they import: importing costs more than these tests. */
const PURE = ['call', 'config', 'routing', 'sdp', 'meta', 'sim'].map((room) => `test/${room}/**/*.test.ts`);
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
    maxWorkers: availableParallelism() + 1,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default', new RetriedReporter()],
    projects: [
      {
        extends: true,
        test: { name: 'rooms', include: ['test/**/*.test.ts'], exclude: [...PURE, ...WHOLE, ...APART] },
      },
      {
        extends: true,
        test: { name: 'pure', include: PURE, isolate: false },
      },
      {
        extends: true,
        // One real peer that hangs must not cost a run of half an hour. What passes only when tried again is told.
        test: { name: 'whole', include: WHOLE, exclude: APART, retry: process.env['CI'] ? 1 : 0 },
      },
    ],
  },
});
