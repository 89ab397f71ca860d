import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/index.ts';

it.each(['asterisk', 'freeswitch', 'kamailio'])(
  "the gateway's part of the recipe for %s is a valid configuration",
  (pbx) => {
    const file = new URL(`../../config/recipes/${pbx}/gateway.yaml`, import.meta.url);
    const whole = {
      ...(parse(readFileSync(file, 'utf8')) as object),
      meta: {
        apps: [{ id: 'app', secret: '${SECRET}', verifyToken: '${SECRET}' }],
        pages: [{ id: '102030405060708', accessToken: '${SECRET}', app: 'app', route: 'support' }],
      },
      rtp: { address: '192.0.2.10' },
    };
    const parsed = parseConfig(JSON.stringify(whole), { env: { SECRET: 'word' }, readFile: () => '' });
    expect(parsed.ok ? [] : parsed.error).toEqual([]);
  },
);
