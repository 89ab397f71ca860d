import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { compileNative } from '../native/compile.ts';
import type { Voices } from './voice.ts';

/** What the load program measured of one direction of all calls. */
export interface WayReport {
  readonly sent: number;
  readonly received: number;
  readonly duplicates: number;
  /** Packets that carry no frame of ours: made up by the gateway, or of a stream that it has just shifted. */
  readonly unplaced: number;
  /** How often the stream was found to be shifted by whole frames. */
  readonly slips: number;
  /** Calls in which nothing was received. */
  readonly silent: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

export interface LoadReport {
  readonly toPhone: WayReport;
  readonly toConsumer: WayReport;
  /** How late the load program itself sent, ms: 99 % of its packets within. */
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
  /** Packets that are not timed, because it was late itself. */
  readonly untimed: number;
  /** SRTP that could not be read. */
  readonly forged: number;
}

/** Both ends of one call that was set up by somebody else; addresses are `host:port`. */
export interface CallEnds {
  readonly passThrough: boolean;
  readonly consumer: {
    readonly local: string;
    readonly remote: string;
    /** Key and salt of AES_CM_128_HMAC_SHA1_80, 30 bytes. */
    readonly sendKey: Buffer;
    readonly receiveKey: Buffer;
    readonly icePwd: string;
    readonly header: Buffer;
    readonly sequence: number;
    readonly timestamp: number;
  };
  readonly phone: {
    readonly local: string;
    readonly remote: string;
    readonly header: Buffer;
    readonly sequence: number;
    readonly timestamp: number;
  };
}

/** The last second of what arrived: payloads. */
export interface Heard {
  readonly phone: readonly Buffer[];
  readonly consumer: readonly Buffer[];
}

/** The load program: both ends of all calls in one process. */
export class CallLoad {
  readonly #child: ChildProcess;
  readonly #waiting: ((line: string) => void)[] = [];
  #nextId = 0;
  #ended = false;

  /** Undefined where it cannot be compiled. */
  static async start(voices: Voices): Promise<CallLoad | undefined> {
    const program = await compileNative(new URL('../native/call-load.c', import.meta.url), ['srtp2', 'opus']);
    if (program === undefined) return undefined;
    const load = new CallLoad(program);
    const banks = { c: voices.consumer, p: voices.phoneOpus, u: voices.phonePcmu };
    for (const [bank, frames] of Object.entries(banks))
      for (const frame of frames) await load.#ask(`frame ${bank} ${Buffer.from(frame).toString('hex')}`);
    return load;
  }

  private constructor(program: string) {
    this.#child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
    if (!this.#child.stdout) throw new Error('the load program has no output');
    createInterface(this.#child.stdout).on('line', (line) => this.#waiting.shift()?.(line));
    this.#child.once('exit', () => {
      this.#ended = true;
      for (const answer of this.#waiting.splice(0)) answer('wrong: it ended');
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Goes on from the ports of a call; returns its id here. Rejects with what is wrong. */
  async add({ passThrough, consumer, phone }: CallEnds): Promise<number> {
    const id = this.#nextId++;
    const words = [
      ...[id, passThrough ? 'pass' : 'pcmu'],
      ...[
        consumer.local,
        consumer.remote,
        consumer.sendKey.toString('hex'),
        consumer.receiveKey.toString('hex'),
      ],
      ...[consumer.icePwd, consumer.header.toString('hex'), consumer.sequence, consumer.timestamp],
      ...[phone.local, phone.remote, phone.header.toString('hex'), phone.sequence, phone.timestamp],
    ];
    await this.#ask(`call ${words.join(' ')}`);
    return id;
  }

  drop(id: number): Promise<string> {
    return this.#ask(`drop ${id}`);
  }

  begin(): Promise<string> {
    return this.#ask('begin');
  }

  async end(): Promise<LoadReport> {
    return JSON.parse((await this.#ask('end')).slice('report '.length)) as LoadReport;
  }

  async hear(id: number): Promise<Heard> {
    const [, phone = '-', consumer = '-'] = (await this.#ask(`hear ${id}`)).split(' ');
    const payloads = (list: string): Buffer[] =>
      list === '-' ? [] : list.split(',').map((each) => Buffer.from(each, 'hex'));
    return { phone: payloads(phone), consumer: payloads(consumer) };
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin?.end();
    await exited;
  }

  async #ask(line: string): Promise<string> {
    if (this.#ended) throw new Error('the load program ended');
    const answered = new Promise<string>((resolve) => this.#waiting.push(resolve));
    this.#child.stdin?.write(`${line}\n`);
    const answer = await answered;
    if (answer.startsWith('wrong')) throw new Error(`the load program: ${answer} (${line.slice(0, 40)})`);
    return answer;
  }
}
