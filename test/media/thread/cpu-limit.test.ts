import { expect, it } from 'vitest';
import { isCpuLimited } from '../../../src/media/index.ts';

const files =
  (all: Readonly<Record<string, string>>) =>
  (path: string): string => {
    const text = all[path];
    if (text === undefined) throw new Error(`ENOENT ${path}`);
    return text;
  };
const own = '/proc/self/cgroup';

it.each([
  [
    'a container, its own group the root',
    { [own]: '0::/\n', '/sys/fs/cgroup/cpu.max': '200000 100000\n' },
    true,
  ],
  ['a container without a limit', { [own]: '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' }, false],
  [
    'a unit with CPUQuota',
    {
      [own]: '0::/system.slice/msgw.service\n',
      '/sys/fs/cgroup/system.slice/msgw.service/cpu.max': '50000 100000\n',
    },
    true,
  ],
  [
    'a slice above it with one',
    { [own]: '0::/a/b\n', '/sys/fs/cgroup/a/b/cpu.max': 'max 100000\n', '/sys/fs/cgroup/a/cpu.max': '1 2\n' },
    true,
  ],
  ['cgroup v1, and none at all', { [own]: '4:cpu,cpuacct:/x\n' }, false],
  ['no such system', {}, false],
] as const)('%s', (_name, all, limited) => {
  expect(isCpuLimited(files(all))).toBe(limited);
});

it('reads what this machine has, whatever that is', () => {
  expect(isCpuLimited()).toBeTypeOf('boolean');
});
