import { configDefaults, defineConfig } from 'vitest/config';
import { RetriedReporter } from './support/retried.ts';

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['test/**/*.test.ts'],
    // These take minutes and are `npm run test:interop`.
    exclude: [...configDefaults.exclude, 'test/interop/asterisk/**'],
    pool: 'forks',
    // A drachtio-server hands each incoming call to one of the gateways on it, in turn: there may be only one.
    fileParallelism: !process.env['DRACHTIO_HOST'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // One real peer that hangs must not cost a run of half an hour. What passes only when tried again is told.
    retry: process.env['CI'] ? 1 : 0,
    reporters: ['default', new RetriedReporter()],
  },
});
