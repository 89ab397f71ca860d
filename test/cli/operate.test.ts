import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startWorld } from '../../src/cli/demo/world.ts';
import { operateRun, table } from '../../src/cli/operate-command.ts';

it('shows calls as a table', () => {
  const call = { callId: 'c_1', pageId: '1', direction: 'user_initiated', state: 'talking', held: true };
  expect(table([{ ...call, target: 'pbx/100', startedAtMs: 0, answeredAtMs: 5_000 }], 65_000)).toEqual([
    'call  page  way  state          phone    for   answered for',
    'c_1   1     in   talking, held  pbx/100  1:05  1:00',
  ]);
  expect(table([], 0)).toEqual(['no calls']);
});

const CONFIG = `
meta:
  apps: [{ id: "1", secret: "\${OPERATE_TEST}", verifyToken: "\${OPERATE_TEST}" }]
  pages: [{ id: "2", accessToken: "\${OPERATE_TEST}", app: "1", route: r }]
rtp: { address: 127.0.0.1, portMin: 0, portMax: 0 }
trunks: { t: { host: 127.0.0.1, user: "100" } }
routes: { r: { targets: [{ trunk: t }] } }
`;

it('asks the gateway that runs, and says which call is not there and that nobody is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'msgw-operate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'gateway.yaml');
  writeFileSync(config, CONFIG);
  vi.stubEnv('OPERATE_TEST', 'x');
  onTestFinished(() => void vi.unstubAllEnvs());
  const printed: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
  onTestFinished(() => log.mockRestore());
  const world = await startWorld();
  onTestFinished(() => world.close());
  const call = world.simulator.consumer({ psid: '7000000001' }).call({ toneHz: 440 });
  await call.firstAudio;

  const flags = { config, adminUrl: world.gateway.adminUrl, json: true };
  const said = async (wish: Parameters<typeof operateRun>[1]): Promise<[number, Record<string, unknown>]> => {
    const code = await operateRun(flags, wish);
    return [code, JSON.parse(printed.pop() ?? '{}') as Record<string, unknown>];
  };
  expect(await said({ does: 'list' })).toMatchObject([0, { ok: true, calls: [{ callId: call.id }] }]);
  expect(await said({ does: 'show', id: call.id })).toMatchObject([0, { call: { callId: call.id } }]);
  expect(await said({ does: 'transfer', id: call.id, to: '300', mode: 'gateway' })).toMatchObject([
    1,
    { ok: false, problems: [{ field: 'to', code: 'ROUTING_TARGET_NOT_ALLOWED' }] },
  ]);
  expect(await said({ does: 'hangup', id: call.id })).toMatchObject([0, { ok: true }]);
  expect(await call.ended).toMatchObject({ by: 'business' });
  const [code, answer] = await said({ does: 'show', id: 'c_nobody' });
  expect(code).toBe(1);
  expect(answer).toMatchObject({ ok: false, problems: [{ message: expect.stringContaining('call') }] });
  expect(await said({ does: 'drain' })).toMatchObject([0, { ok: true }]);

  const nobody = { ...flags, adminUrl: 'http://127.0.0.1:9' };
  expect(await operateRun(nobody, { does: 'list' })).toBe(1);
  expect(printed.pop()).toContain('no gateway listens');
});
