import { defineConfig, mergeConfig } from 'vitest/config';
import base from '../vitest.config.ts';

/** Calls with real peers, Asterisk among them: `npm run test:interop`. */
const { projects: _projects, ...test } = base.test ?? {};

export default mergeConfig(
  { ...base, test },
  defineConfig({
    test: {
      include: ['test/interop/**/*.test.ts'],
      // Asterisk is unpacked once, before the files that need it run side by side.
      globalSetup: ['test/interop/support/asterisk/setup.ts'],
      testTimeout: 60_000,
      retry: process.env['CI'] ? 1 : 0,
    },
  }),
);
