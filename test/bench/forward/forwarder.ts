import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** What one forwarder did while it was watched. */
export interface Run {
  /** CPU time of its thread, microseconds a packet. */
  readonly cpuUs: number;
  readonly packets: number;
  /** Of V8's heap; undefined in C. */
  readonly heapBytes: number | undefined;
  readonly longestGcMs: number | undefined;
  /** Added latency, microseconds. */
  readonly p50Us: number;
  readonly p99Us: number;
  readonly lost: number;
}

export interface RunOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Path of the compiled load. */
  readonly load: string;
  readonly payloadBytes: number;
  /** Not measured: code gets warm, peers are learned. */
  readonly warmupSeconds: number;
  readonly seconds: number;
}

/** Starts one forwarder, puts the load on it, and takes its CPU time over the time that is measured. */
export async function run(options: RunOptions): Promise<Run> {
  const { command, args, load, payloadBytes, warmupSeconds, seconds } = options;
  const subject = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: subject.stdout });
  try {
    const ports = (await next(lines)).split(' ').slice(1);
    const all = warmupSeconds + seconds + 1;
    const loading = promisify(execFile)(load, [String(all), String(payloadBytes), ...ports]);
    await sleep(warmupSeconds * 1_000);
    const before = await sample(subject, lines);
    await sleep(seconds * 1_000);
    const after = await sample(subject, lines);
    const { stdout } = await loading;
    const [sentC, sentP, heardP, heardC, p50Us, p99Us] = stdout.trim().split(' ').map(Number) as number[];
    const packets = after[1]! - before[1]!;
    return {
      cpuUs: (after[0]! - before[0]!) / packets,
      packets,
      heapBytes: after[2] === undefined ? undefined : after[2] / packets,
      longestGcMs: after[3],
      p50Us: p50Us!,
      p99Us: p99Us!,
      lost: sentC! + sentP! - heardP! - heardC!,
    };
  } finally {
    lines.close();
    subject.stdin.end();
    subject.kill();
  }
}

async function sample(subject: ChildProcess, lines: Interface): Promise<number[]> {
  const line = next(lines);
  subject.stdin?.write('sample\n');
  return (await line).split(' ').map(Number);
}

function next(lines: Interface): Promise<string> {
  return new Promise((resolve, reject) => {
    lines.once('line', resolve);
    lines.once('close', () => reject(new Error('The forwarder ended.')));
  });
}
