import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startWorld } from '../../src/cli/demo/world.ts';
import { operateRun } from '../../src/cli/operate-command.ts';
import { trunkRows } from '../../src/cli/trunk-table.ts';

it('shows state, since when and why, calls with their limit, and the round trip', () => {
  const calls = { in: 1, out: 2 };
  const up = {
    trunk: 'a',
    up: true,
    since: '1970-01-01T00:00:00.000Z',
    why: '200 to OPTIONS',
    troubles: [],
    calls,
  };
  const troubles = [
    { source: 'registration', why: '403 Forbidden' },
    { source: 'qualify', why: 'OPTIONS: no answer in time' },
  ];
  const down = {
    trunk: 'b',
    up: false,
    since: '1970-01-01T00:01:30.000Z',
    why: 'x',
    troubles,
    calls: { in: 0, out: 0 },
  };
  const rows = trunkRows(
    [
      { ...up, limits: { maxCalls: 30 }, roundTripMs: 1.5 },
      { ...down, limits: {} },
    ],
    12_040_000,
  );
  expect(rows).toEqual([
    ['trunk', 'state', 'for', 'calls', 'round trip', 'why'],
    ['a', 'up', '3h 20m', '3/30', '1.5 ms', '200 to OPTIONS'],
    ['b', 'down', '3h 19m', '0', '', 'registration: 403 Forbidden; qualify: OPTIONS: no answer in time'],
  ]);
  const since = (sinceMs: number): string | undefined =>
    trunkRows([{ ...down, since: new Date(sinceMs).toISOString(), limits: {} }], 400_000_000)[1]?.[2];
  expect([399_959_000, 399_280_000, 32_400_000].map(since)).toEqual(['41s', '12m', '4d 6h']);
});

it('asks the gateway that runs', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'msgw-trunks-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'gateway.yaml');
  writeFileSync(
    config,
    `
meta:
  apps: [{ id: "1", secret: "\${OPERATE_TEST}", verifyToken: "\${OPERATE_TEST}" }]
  pages: [{ id: "2", accessToken: "\${OPERATE_TEST}", app: "1", route: r }]
rtp: { address: 127.0.0.1, portMin: 0, portMax: 0 }
trunks: { t: { host: 127.0.0.1, user: "100" } }
routes: { r: { targets: [{ trunk: t }] } }
`,
  );
  vi.stubEnv('OPERATE_TEST', 'x');
  onTestFinished(() => void vi.unstubAllEnvs());
  const printed: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
  onTestFinished(() => log.mockRestore());
  const world = await startWorld({
    configure: (yaml) => {
      Object.assign((yaml['trunks'] as Record<string, object>)['phone1'] as object, { maxCalls: 7 });
    },
  });
  onTestFinished(() => world.close());
  const flags = { config, adminUrl: world.gateway.adminUrl };
  expect(await operateRun({ ...flags, json: true }, { does: 'trunks' })).toBe(0);
  expect(JSON.parse(printed.splice(0).join('\n'))).toMatchObject({
    ok: true,
    trunks: [{ trunk: 'phone1', up: true, calls: { in: 0, out: 0 }, limits: { maxCalls: 7 } }],
  });
  expect(await operateRun(flags, { does: 'trunks' })).toBe(0);
  expect(printed.join('\n')).toMatch(/^trunk +state +for +calls +round trip +why\nphone1 +up +\d+s +0\/7/);
});
