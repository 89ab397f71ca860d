import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { program } from '../../src/cli/program.ts';
import { YOUNG_OPTION } from '../../src/shared/young-heap.ts';

const root = new URL('../..', import.meta.url).pathname;
const text = (path: string): string => readFileSync(join(root, path), 'utf8');
const { bin, engines, scripts } = JSON.parse(text('package.json')) as {
  bin: { msgw: string };
  engines: { node: string };
  scripts: { start: string };
};

it('the image copies what is there, and starts what the package starts', () => {
  const lines = text('docker/Dockerfile').split('\n');
  const copied = lines
    .filter((line) => line.startsWith('COPY') && !line.includes('--from'))
    .flatMap((line) => line.split(/\s+/).slice(1, -1));
  expect(copied.length).toBeGreaterThan(2);
  for (const path of copied) expect(existsSync(join(root, path)), path).toBe(true);
  const entry = lines.find((line) => line.startsWith('ENTRYPOINT'))?.slice('ENTRYPOINT '.length);
  expect(JSON.parse(entry ?? '')).toEqual(['node', YOUNG_OPTION, bin.msgw]);
  expect(lines.lastIndexOf('USER node')).toBeGreaterThan(-1);
  const [, version] = /^FROM node:(\d+)/.exec(lines.find((line) => line.startsWith('FROM')) ?? '') ?? [];
  expect(Number(version)).toBeGreaterThanOrEqual(Number(/\d+/.exec(engines.node)?.[0]));
});

it('who starts a gateway by a file of ours gives the main thread the heap that it is measured with', () => {
  expect(scripts.start).toContain(`node ${YOUNG_OPTION} `);
  expect(text('docker/msgw.service')).toContain(`\nEnvironment=NODE_OPTIONS=${YOUNG_OPTION}\n`);
});

it('the image asks itself how it is by a command that there is, with the configuration that it runs', () => {
  const file = text('docker/Dockerfile').replaceAll('\\\n', '');
  const [, check = ''] = /^HEALTHCHECK .*?CMD (\[.*\])$/m.exec(file) ?? [];
  const [node, entry, name, ...flags] = JSON.parse(check) as string[];
  expect([node, entry]).toEqual(['node', bin.msgw]);
  const command = program().commands.find((each) => each.name() === name);
  expect(command?.name()).toBe('health');
  expect(command?.parseOptions(flags)).toEqual({ operands: [], unknown: [] });
  const [, run = ''] = /^CMD (\[.*\])$/m.exec(file) ?? [];
  expect(JSON.parse(run)).toEqual(['run', ...flags]);
});

it('the compose file builds from the root, without privileges', () => {
  const { services, volumes, secrets } = parse(text('docker/compose.yaml'));
  const { gateway } = services;
  expect(existsSync(join(root, 'docker', gateway.build.context, gateway.build.dockerfile))).toBe(true);
  expect(gateway).toMatchObject({ network_mode: 'host', read_only: true, cap_drop: ['ALL'] });
  expect(Object.keys(secrets)).toEqual(gateway.secrets);
  expect(Object.keys(volumes)).toEqual(['state']);
});

it.runIf(existsSync('/usr/bin/systemd-analyze'))('systemd takes the unit as it is', () => {
  const folder = mkdtempSync(join(tmpdir(), 'msgw-unit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const unit = text('docker/msgw.service');
  expect(unit).toContain('/usr/local/bin/msgw run');
  // Only the program is not installed here.
  writeFileSync(join(folder, 'msgw.service'), unit.replaceAll('/usr/local/bin/msgw', '/bin/true'));
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', join(folder, 'msgw.service')], {
    encoding: 'utf8',
  });
  expect([status, stdout + stderr]).toEqual([0, '']);
});

it('what a clone has of secrets is not sent to who builds the image, and all that is copied is', () => {
  const ignored = text('.dockerignore').split('\n');
  expect(ignored).toEqual(expect.arrayContaining(['secrets', 'gateway.yaml', 'node_modules', '.git']));
  const copied = text('docker/Dockerfile').matchAll(/^COPY (?!--from)(.*) \S+$/gm);
  for (const path of [...copied].flatMap(([, paths = '']) => paths.split(' ')))
    expect(ignored).not.toContain(path.replace('./', ''));
});
