import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/index.ts';

it("the gateway's part of the recipe for Asterisk is a valid configuration", () => {
  const text = readFileSync(new URL('../../config/recipes/asterisk/gateway.yaml', import.meta.url), 'utf8');
  const whole = {
    ...(parse(text) as object),
    meta: {
      apps: [{ id: 'app', secret: '${SECRET}', verifyToken: '${SECRET}' }],
      pages: [{ id: '102030405060708', accessToken: '${SECRET}', app: 'app', route: 'support' }],
    },
    rtp: { address: '192.0.2.10' },
  };
  const parsed = parseConfig(JSON.stringify(whole), { env: { SECRET: 'word' }, readFile: () => '' });
  expect(parsed.ok ? [] : parsed.error).toEqual([]);
});
