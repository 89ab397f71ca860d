import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { startWorld } from '../../src/cli/demo/world.ts';

const folder = new URL('../../config/prometheus/', import.meta.url).pathname;
const alerts = parse(readFileSync(`${folder}alerts.yaml`, 'utf8'));
const dashboard = JSON.parse(readFileSync(`${folder}dashboard.json`, 'utf8'));

const expressions: string[] = [
  ...alerts.groups.flatMap(({ rules }: { rules: { expr: string }[] }) => rules.map(({ expr }) => expr)),
  ...dashboard.panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
    targets.map(({ expr }) => expr),
  ),
];

it('rules and panels ask for metrics that a gateway shows', async () => {
  const world = await startWorld();
  onTestFinished(() => world.close());
  const call = world.simulator.consumer({ psid: '7000000001' }).call({ toneHz: 440 });
  await call.firstAudio;
  await call.hangup();
  await world.nextRecord();
  const text = await (await fetch(`${world.gateway.adminUrl}/metrics`)).text();
  const shown = new Set(text.split('\n').map((line) => /^(?:# TYPE )?(\w+)/.exec(line)?.[1]));
  const asked = expressions.flatMap((each) => each.match(/msgw_\w+/g) ?? []);
  expect(asked.length).toBeGreaterThan(20);
  expect(asked.filter((name) => !shown.has(name))).toEqual([]);
});

const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
if (!hasPromtool) console.warn('SKIPPED: promtool over config/prometheus/alerts.yaml: it is not installed');

it.runIf(hasPromtool)('promtool takes the rules', () => {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', `${folder}alerts.yaml`], {
    encoding: 'utf8',
  });
  expect([status, stderr], stdout).toEqual([0, '']);
});

it.runIf(hasPromtool)('promtool sees OneWayAudio and RecordsWait come, and stay away, when they must', () => {
  const file = new URL('alerts.test.yaml', import.meta.url).pathname;
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
  expect([status, stderr], stdout).toEqual([0, '']);
});
