import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { SrtpMasterKey, SrtpProfile } from '../../../src/media/srtp/session.ts';
import { compileNative } from '../../bench/native/compile.ts';

/** libsrtp2 as a program of its own; what it refuses is undefined. */
export class Libsrtp {
  readonly #child: ChildProcess;
  readonly #waiting: ((line: string) => void)[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (!child.stdout) throw new Error('no stdout');
    createInterface({ input: child.stdout }).on('line', (line) => this.#waiting.shift()?.(line));
    child.on('exit', () => {
      for (const answer of this.#waiting.splice(0)) answer('!gone');
    });
  }

  static async start(profile: SrtpProfile, local: SrtpMasterKey, remote: SrtpMasterKey): Promise<Libsrtp> {
    const source = new URL('../../bench/native/srtp.c', import.meta.url);
    const program = await compileNative(source, ['srtp2']);
    if (program === undefined) throw new Error('srtp.c does not compile');
    const word = ({ key, salt }: SrtpMasterKey): string => Buffer.concat([key, salt]).toString('hex');
    return new Libsrtp(spawn(program, [profile, word(local), word(remote)], { stdio: 'pipe' }));
  }

  protectRtp(packet: Buffer): Promise<Buffer | undefined> {
    return this.#ask('p', packet);
  }

  unprotectRtp(packet: Buffer): Promise<Buffer | undefined> {
    return this.#ask('u', packet);
  }

  protectRtcp(packet: Buffer): Promise<Buffer | undefined> {
    return this.#ask('P', packet);
  }

  unprotectRtcp(packet: Buffer): Promise<Buffer | undefined> {
    return this.#ask('U', packet);
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin?.end();
    await gone;
  }

  async #ask(command: string, packet: Buffer): Promise<Buffer | undefined> {
    const line = await new Promise<string>((resolve) => {
      this.#waiting.push(resolve);
      this.#child.stdin?.write(`${command} ${packet.toString('hex')}\n`);
    });
    if (line === '!gone') throw new Error('libsrtp2 ended');
    return line.startsWith('!') ? undefined : Buffer.from(line, 'hex');
  }
}
