import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { compileNative } from './native/compile.ts';

/**
 * Keeps all cores from halting until the returned function is called, by programs that take no time from any other: a
 * virtual core that halts is woken late by its host, by milliseconds, whoever it is that sleeps (PERFORMANCE.md). Where
 * that cannot be, said aloud, cores halt.
 */
export async function keepAwake(): Promise<() => void> {
  const program = await compileNative(new URL('./native/awake.c', import.meta.url), []);
  if (program === undefined) return () => {};
  const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [cores] = (await once(child.stdout, 'data')) as [Buffer];
  process.stderr.write(`${String(cores).trim()} cores are kept from halting\n`);
  return () => child.kill('SIGKILL');
}

/** Time of this machine's cores that its host gave to others since the start, s (`steal` of proc_stat(5)); undefined where nobody says. */
export function stolenSeconds(): number | undefined {
  try {
    const ticks = /^cpu +(?:\d+ +){7}(\d+)/.exec(readFileSync('/proc/stat', 'latin1'))?.[1];
    return ticks === undefined
      ? undefined
      : Number(ticks) / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  } catch {
    return undefined;
  }
}

/** What puts a command on one core, with nothing else there; empty where there is no other core, or no taskset. */
export function onCore(core: number): readonly string[] {
  return availableParallelism() > 1 && works('taskset', '--version') ? ['taskset', '-c', String(core)] : [];
}

/** What schedules a command as our media threads are where they may: SCHED_RR; empty where that is not allowed. */
export function asRealtime(): readonly string[] {
  return works('chrt', '-r', '10', 'true') ? ['chrt', '-r', '10'] : [];
}

/** The cores of this process and of what it starts from now on. */
export function stayOn(cores: string): void {
  execFileSync('taskset', ['-a', '-p', '-c', cores, String(process.pid)], { stdio: 'ignore' });
}

function works(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
