import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { compileNative } from '../native/compile.ts';

/** What came over the loopback from or to one of the watched ports. */
export interface WirePacket {
  /** By the kernel's stamp, ms of the wall clock. */
  readonly atMs: number;
  readonly protocol: 'tcp' | 'udp';
  readonly from: number;
  readonly to: number;
  /** As latin1. */
  readonly content: string;
}

/** Looks at the wire between the gateway and everybody else, so that how late those are is in no time taken there. */
export class Wire {
  readonly #child: ChildProcess;
  readonly #packets: WirePacket[] = [];
  readonly #lines: Interface;
  #lost = 0;

  /**
   * Undefined, said aloud, where it cannot be compiled or may not look (CAP_NET_RAW).
   * @param launcher what goes before the program, such as `taskset -c 1`
   */
  static async watch(ports: readonly number[], launcher: readonly string[] = []): Promise<Wire | undefined> {
    const program = await compileNative(new URL('../native/wire.c', import.meta.url), []);
    if (program === undefined) return undefined;
    const [command = '', ...args] = [...launcher, program, ...ports.map(String)];
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const wire = new Wire(child);
    const [first] = (await Promise.race([once(wire.#lines, 'line'), once(child, 'exit')])) as [unknown];
    if (first === 'ready') return wire;
    process.stderr.write('SKIPPED: the wire may not be looked at; times are those of the ends\n');
    return undefined;
  }

  private constructor(child: ChildProcess) {
    if (!child.stdout) throw new Error('the program has no output');
    this.#child = child;
    this.#lines = createInterface(child.stdout);
    this.#lines.on('line', (line) => this.#take(line));
  }

  /** Ends it, and returns what passed. Rejects when packets were lost: a time might be missing, the longest one. */
  async stop(): Promise<readonly WirePacket[]> {
    const closed = once(this.#lines, 'close');
    this.#child.stdin?.end();
    await closed;
    if (this.#lost > 0) throw new Error(`${this.#lost} packets of the wire were not seen`);
    return this.#packets;
  }

  #take(line: string): void {
    const [first = '', protocol, from, to, content = ''] = line.split(' ');
    if (first === 'lost') this.#lost = Number(protocol);
    if (content === '') return;
    this.#packets.push({
      // Nanoseconds of today are more than a number holds exactly.
      atMs: Number(BigInt(first) / 1_000n) / 1_000,
      protocol: protocol === 't' ? 'tcp' : 'udp',
      from: Number(from),
      to: Number(to),
      content: Buffer.from(content, 'hex').toString('latin1'),
    });
  }
}
