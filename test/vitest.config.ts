import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // A drachtio-server hands each incoming call to one of the gateways on it, in turn: there may be only one.
    fileParallelism: !process.env['DRACHTIO_HOST'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default'],
  },
});
