import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Wav } from '../../../src/media/index.ts';
import { PeerProcess, peerFolder } from '../../support/peer-process.ts';
import { freeSipPort } from '../../support/ports.ts';
import type { Phone, SipTransport } from './phone.ts';
import { grown, readRecording, toneFile } from './recording.ts';

export interface LinphoneOptions {
  /** Calls that it takes at once; more are told 486. */
  readonly maxCalls?: number;
  readonly user: string;
  readonly toneHz: number;
  readonly registrar: {
    /** `host:port`. */
    readonly address: string;
    readonly password: string;
    readonly transport?: SipTransport;
    /** Path of the authority that its TLS server must be known to. */
    readonly ca?: string;
  };
}

const STREAMS = /Media streams established with/;

/** Debian's linphonec as a phone: driven by its prompt, plays a tone from a file and records into one. */
export class Linphone implements Phone {
  readonly port: number;
  readonly user: string;
  readonly #process: PeerProcess;
  readonly #registrar: LinphoneOptions['registrar'];

  static async start(options: LinphoneOptions): Promise<Linphone> {
    const folder = peerFolder('linphone');
    const port = await freeSipPort();
    const { user, toneHz, registrar } = options;
    mkdirSync(join(folder, '.local', 'share', 'linphone'), { recursive: true });
    const tone = join(folder, 'tone.wav');
    writeFileSync(tone, toneFile(toneHz, 8000, 60));
    const config = [
      '[sip]',
      `sip_port=${port}`,
      `sip_tcp_port=${port}`,
      `sip_tls_port=${port + 1}`,
      ...(registrar.ca ? [`root_ca=${registrar.ca}`] : []),
      'guess_hostname=0',
      `contact=sip:${user}@127.0.0.1:${port}`,
      'bind_address=127.0.0.1',
      // Without this it asks the internet whether there is a network, and opens nothing when there is none.
      'auto_net_state_mon=0',
      'register_only_when_network_is_up=0',
      // Keys go by INFO, not in RTP.
      'use_info=1',
      'use_rfc2833=0',
      '[misc]',
      `max_calls=${options.maxCalls ?? 4}`,
      '[rtp]',
      'audio_rtp_port=-1',
      'bind_address=127.0.0.1',
      '',
    ];
    writeFileSync(join(folder, 'linphonerc'), config.join('\n'));
    const process = new PeerProcess('linphonec', ['-S', '-c', join(folder, 'linphonerc')], folder);
    const phone = new Linphone(process, port, user, registrar);
    try {
      for (const command of ['soundcard use files', `play ${tone}`, `record ${phone.#recording}`]) {
        phone.#command(command);
      }
      await process.line(/Using wav files/);
      phone.#register();
    } catch (error) {
      await process.close();
      throw error;
    }
    return phone;
  }

  private constructor(
    process: PeerProcess,
    port: number,
    user: string,
    registrar: LinphoneOptions['registrar'],
  ) {
    this.#process = process;
    this.port = port;
    this.user = user;
    this.#registrar = registrar;
  }

  #register(): void {
    const { address, password, transport = 'udp' } = this.#registrar;
    this.#command(`register sip:${this.user}@${address} sip:${address};transport=${transport} ${password}`);
  }

  unregister(): void {
    this.#command('unregister');
  }

  async ringing(nth = 1): Promise<void> {
    await this.line(/Receiving new incoming call/, nth);
  }

  async established(nth = 1): Promise<void> {
    await this.line(STREAMS, nth);
  }

  async ended(nth = 1): Promise<void> {
    await this.line(/^(linphonec> )*Call \d+ with .* (ended|error)/, nth);
  }

  async rejected(): Promise<void> {
    // It asks the person at the prompt for a better one.
    await this.line(/Password for/);
  }

  dial(uri: string): void {
    this.#command(`call ${uri}`);
  }

  answer(): void {
    this.#command('answer');
  }

  hangup(): void {
    this.#command('terminate');
  }

  async hold(): Promise<void> {
    await this.#told('pause', /is now paused/);
  }

  /** Its first call. */
  async resume(): Promise<void> {
    await this.#told('resume 1', STREAMS);
  }

  /** Attended transfer: its first call goes to whom it talks with in the second (REFER with Replaces). */
  joinCalls(): void {
    this.#command('transfer 1 --to-call 2');
  }

  /** Presses a key: 0 to 9, * or #. */
  press(key: string): void {
    this.#command(key);
  }

  /** The `nth` line that matches, now or later. */
  async line(pattern: RegExp, nth = 1): Promise<string> {
    return await this.#process.line(pattern, nth);
  }

  async hears(seconds = 1): Promise<void> {
    const file = this.#recording;
    await grown(() => (existsSync(file) ? file : undefined), this.#process.folder, seconds * 16_000);
  }

  heard(): Wav {
    return readRecording(this.#recording);
  }

  tail(): string {
    return this.#process.tail();
  }

  async close(): Promise<void> {
    await this.#process.close();
  }

  get #recording(): string {
    return join(this.#process.folder, 'heard.wav');
  }

  /** A command and, after it, a line that confirms it. */
  async #told(command: string, confirms: RegExp): Promise<void> {
    const before = this.#process.lines.filter((line) => confirms.test(line)).length;
    this.#command(command);
    await this.line(confirms, before + 1);
  }

  #command(text: string): void {
    this.#process.write(`${text}\n`);
  }
}
