import { readFileSync } from 'node:fs';

/**
 * Whether this process, or a group that it is in, may take less CPU than its cores have: `cpu.max` of cgroup v2
 * (`--cpus` of a container, CPUQuota of systemd). Threads with SCHED_RR would not heed it, all others pay for them.
 */
export function isCpuLimited(
  read: (path: string) => string = (path) => readFileSync(path, 'latin1'),
): boolean {
  let group: string;
  try {
    group = /^0::(\S*)$/m.exec(read('/proc/self/cgroup'))?.[1] ?? '/';
  } catch {
    return false;
  }
  // In a container its own group is the root, whatever its name outside.
  for (let at = group; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
    try {
      if (!read(`/sys/fs/cgroup${at === '/' ? '' : at}/cpu.max`).startsWith('max')) return true;
    } catch {
      // The root has none.
    }
    if (at === '' || at === '/') return false;
  }
}
