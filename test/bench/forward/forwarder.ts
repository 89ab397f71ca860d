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
  /** The part of the packets that is not timed, because the load was late itself; the warm-up is not in it. */
  readonly untimed: number;
  readonly lost: number;
}

export interface RunOptions {
  readonly command: readonly string[];
  /** The compiled load. */
  readonly load: readonly string[];
  readonly payloadBytes: number;
  /** Not measured: code gets warm, peers are learned. */
  readonly warmupSeconds: number;
  readonly seconds: number;
}

/** Starts one forwarder, puts the load on it, and takes its CPU time over the time that is measured. */
export async function run(options: RunOptions): Promise<Run> {
  const { command, load, payloadBytes, warmupSeconds, seconds } = options;
  const subject = spawn(command[0] ?? '', command.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: subject.stdout });
  try {
    const ports = (await next(lines)).split(' ').slice(1);
    const all = warmupSeconds + seconds + 1;
    const loading = promisify(execFile)(load[0] ?? '', [
      ...load.slice(1),
      ...[all, warmupSeconds, payloadBytes].map(String),
      ...ports,
    ]);
    await sleep(warmupSeconds * 1_000);
    const before = await sample(subject, lines);
    await sleep(seconds * 1_000);
    const after = await sample(subject, lines);
    const { stdout } = await loading;
    const [sentC, sentP, heardP, heardC, p50Us, p99Us, , untimed] = stdout
      .trim()
      .split(' ')
      .map(Number) as number[];
    const packets = after[1]! - before[1]!;
    return {
      cpuUs: (after[0]! - before[0]!) / packets,
      packets,
      heapBytes: after[2] === undefined ? undefined : after[2] / packets,
      longestGcMs: after[3],
      p50Us: p50Us!,
      p99Us: p99Us!,
      untimed: Math.max(0, untimed! - warmupSeconds * ports.length * 50) / (sentC! + sentP!),
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
