import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freeUdpPort } from '../../support/ports.ts';

/** What sipp counted, by its own statistics file (`-trace_stat`, cumulative columns). */
export interface SippCounts {
  readonly successful: number;
  readonly failed: number;
  readonly retransmissions: number;
  /** Calls a second over the whole run. */
  readonly rate: number;
  /** 99th percentile of INVITE to 200, ms (`-trace_rtt`); NaN for a callee. */
  readonly answerMs: number;
  /** CPU of sipp, ms. */
  readonly cpuMs: number;
}

/** One sipp process of its own port and folder. */
export class SippLoad {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #exited: Promise<unknown>;
  #cpuMs = 0;
  readonly #watch: NodeJS.Timeout;

  private constructor(child: ChildProcess, port: number, folder: string) {
    this.#child = child;
    this.port = port;
    this.#folder = folder;
    this.#exited = once(child, 'exit');
    this.#watch = setInterval(() => {
      this.#cpuMs = cpuMsOf(child.pid) ?? this.#cpuMs;
    }, 100);
  }

  static async start(args: readonly string[], target?: string): Promise<SippLoad> {
    const port = await freeUdpPort();
    const folder = mkdtempSync(join(tmpdir(), 'sipp-load-'));
    const common = ['-i', '127.0.0.1', '-p', String(port), '-nostdin', '-trace_stat', '-fd', '1'];
    const child = spawn(
      'sipp',
      [...args, ...common, '-stf', join(folder, 'stat.csv'), ...(target ? [target] : [])],
      {
        stdio: 'ignore',
        cwd: folder,
        env: { ...process.env, TERM: 'dumb' },
      },
    );
    await once(child, 'spawn');
    const sipp = new SippLoad(child, port, folder);
    await sipp.#bound();
    return sipp;
  }

  /** By the kernel's list: a probing socket could take the port from it. */
  async #bound(): Promise<void> {
    const entry = `:${this.port.toString(16).toUpperCase().padStart(4, '0')} `;
    while (this.#child.exitCode === null && !readFileSync('/proc/net/udp', 'latin1').includes(entry))
      await sleep(5);
  }

  /** Waits for it to end by itself, for at most so long; then it is killed. */
  async finish(withinMs: number): Promise<SippCounts> {
    const patience = setTimeout(() => this.#child.kill('SIGKILL'), withinMs);
    await this.#exited;
    clearTimeout(patience);
    clearInterval(this.#watch);
    const counts = { ...counted(this.#folder), cpuMs: this.#cpuMs };
    rmSync(this.#folder, { recursive: true, force: true });
    return counts;
  }
}

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

function cpuMsOf(pid: number | undefined): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // After the name, which may hold spaces: utime and stime are the 14th and 15th field of proc(5).
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
  } catch {
    return undefined;
  }
}

function counted(folder: string): Omit<SippCounts, 'cpuMs'> {
  const names = readdirSync(folder);
  const lines = names.includes('stat.csv')
    ? readFileSync(join(folder, 'stat.csv'), 'latin1').trim().split('\n')
    : [];
  const columns = lines[0]?.split(';') ?? [];
  const last = lines.length > 1 ? lines.at(-1)!.split(';') : [];
  const value = (name: string): number => Number(last[columns.indexOf(name)] ?? 0);
  const rtt = names.find((name) => name.endsWith('_rtt.csv'));
  const times = (rtt ? readFileSync(join(folder, rtt), 'latin1').trim().split('\n').slice(1) : [])
    .map((line) => Number(line.split(';')[1]))
    .sort((a, b) => a - b);
  return {
    successful: value('SuccessfulCall(C)'),
    failed: value('FailedCall(C)'),
    retransmissions: value('Retransmissions(C)'),
    rate: value('CallRate(C)'),
    answerMs: times[Math.floor(times.length * 0.99)] ?? Number.NaN,
  };
}
