import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

/** In `/proc/thread-self/stat` (proc_pid_stat): policy is field 41, real-time priority field 40. */
interface Told {
  readonly errno: number | undefined;
  readonly lowering: number | undefined;
  readonly raised: readonly [policy: number, priority: number];
  readonly child: readonly [policy: number, priority: number];
  readonly lowered: readonly [policy: number, priority: number];
}

const program = new URL('./support/tries-realtime.ts', import.meta.url).pathname;

/** What a process of its own is told and becomes. */
function tried(...args: readonly string[]): Told {
  return JSON.parse(execFileSync(process.execPath, [program, ...args], { encoding: 'utf8' })) as Told;
}

const isRoot = process.getuid?.() === 0;

describe.runIf(process.platform === 'linux')('SCHED_RR', () => {
  it('is the calling thread alone, not what it starts, and can be given back; or the system refuses and nothing changes', () => {
    const { errno, lowering, raised, child, lowered } = tried();
    const policies = { raised: raised[0], child: child[0], lowered: lowered[0] };
    if (errno === 0) {
      expect(raised).toEqual([2, 10]);
      expect([lowering, policies]).toEqual([0, { raised: 2, child: 0, lowered: 0 }]);
    } else {
      expect(errno).toBe(1);
      expect(policies).toEqual({ raised: 0, child: 0, lowered: 0 });
    }
  });

  // As under systemd, where a user without capabilities has LimitRTPRIO: the way up is allowed, the way down must be, too.
  it.runIf(isRoot)('is given back by a user who has no capabilities', () => {
    const { errno, lowering, lowered } = tried('--as-nobody');
    expect([errno, lowering, lowered]).toEqual(errno === 0 ? [0, 0, [0, 0]] : [1, lowering, [0, 0]]);
  });
});
