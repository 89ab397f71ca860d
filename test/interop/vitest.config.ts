import { defineConfig, mergeConfig } from 'vitest/config';
import base from '../vitest.config.ts';

/** Calls with real peers, Asterisk among them: `npm run test:interop`. */
const { projects: _projects, ...test } = base.test ?? {};

/** Where the results go that `run.ts` reads. */
const report = process.env['INTEROP_REPORT'];

export default mergeConfig(
  { ...base, test },
  defineConfig({
    test: {
      include: ['test/interop/**/*.test.ts'],
      // Asterisk is unpacked once, before the files that need it run side by side.
      globalSetup: ['test/interop/support/asterisk/setup.ts'],
      testTimeout: 60_000,
      ...(report && { reporters: [['json', { outputFile: report }]] }),
      retry: process.env['CI'] ? 1 : 0,
    },
  }),
);
