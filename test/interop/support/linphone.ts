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
  /** Of its SIP; its media is on 127.0.0.1, and so is its SIP unless told otherwise. */
  readonly address?: string;
  readonly toneHz: number;
  /** Default false: somebody picks it up. `early`: so too, and while it rings it sends its tone (183 with SDP). */
  readonly answers?: boolean | 'early';
  /** Path of a WAV file that it plays while it holds. Default: its tone. */
  readonly music?: string;
  /** How its keys go. Default INFO. */
  readonly dtmf?: 'info' | 'rfc4733';
  /** SRTP with keys in SDP: it takes and makes no calls in the clear. */
  readonly srtp?: true;
  /** Where it registers; without it a phone that is called by its address. */
  readonly registrar?: {
    /** `host:port`. */
    readonly address: string;
    readonly password: string;
    readonly transport?: SipTransport;
    /** Path of the authority that its TLS server must be known to. */
    readonly ca?: string;
  };
}

/** Of what it has; in this order. */
const CODECS = [
  ['opus', 48_000, 2],
  ['G722', 8_000, 1],
  ['PCMU', 8_000, 1],
  ['PCMA', 8_000, 1],
] as const;
const INCOMING = /Receiving new incoming call/;
const STREAMS = /Media streams established with/;

/** Debian's linphonec as a phone: driven by its prompt, plays a tone from a file and records into one. */
export class Linphone implements Phone {
  readonly port: number;
  readonly user: string;
  readonly uri: string;
  readonly #process: PeerProcess;
  readonly #music: string | undefined;

  static async start(options: LinphoneOptions): Promise<Linphone> {
    const folder = peerFolder('linphone');
    const port = await freeSipPort();
    const { user, toneHz, registrar, dtmf = 'info', address = '127.0.0.1' } = options;
    mkdirSync(join(folder, '.local', 'share', 'linphone'), { recursive: true });
    writeFileSync(join(folder, 'tone.wav'), toneFile(toneHz, 8000, 60));
    const config = [
      '[sip]',
      `sip_port=${port}`,
      `sip_tcp_port=${port}`,
      `sip_tls_port=${port + 1}`,
      ...(registrar?.ca ? [`root_ca=${registrar.ca}`] : []),
      'guess_hostname=0',
      `contact=sip:${user}@${address}:${port}`,
      `bind_address=${address}`,
      // Without this it asks the internet whether there is a network, and opens nothing when there is none.
      'auto_net_state_mon=0',
      'register_only_when_network_is_up=0',
      `use_info=${dtmf === 'info' ? 1 : 0}`,
      `use_rfc2833=${dtmf === 'info' ? 0 : 1}`,
      ...(options.srtp ? ['media_encryption=srtp', 'media_encryption_mandatory=1'] : []),
      ...(options.answers === 'early' ? ['incoming_calls_early_media=1'] : []),
      '[misc]',
      `max_calls=${options.maxCalls ?? 4}`,
      '[rtp]',
      'audio_rtp_port=-1',
      'bind_address=127.0.0.1',
      ...CODECS.flatMap(([name, rate, channels], at) => [
        `[audio_codec_${at}]`,
        `mime=${name}`,
        `rate=${rate}`,
        `channels=${channels}`,
        'enabled=1',
      ]),
      '',
    ];
    writeFileSync(join(folder, 'linphonerc'), config.join('\n'));
    const answers = options.answers === true ? ['-a'] : [];
    const process = new PeerProcess(
      'linphonec',
      ['-S', ...answers, '-c', join(folder, 'linphonerc')],
      folder,
    );
    const phone = new Linphone(process, port, `sip:${user}@${address}:${port}`, options);
    try {
      for (const command of ['soundcard use files', `play ${phone.#tone}`, `record ${phone.#recording}`]) {
        phone.#command(command);
      }
      await process.line(/Using wav files/);
      if (registrar) phone.#register(registrar);
    } catch (error) {
      await process.close();
      throw error;
    }
    return phone;
  }

  private constructor(process: PeerProcess, port: number, uri: string, { user, music }: LinphoneOptions) {
    this.#music = music;
    this.#process = process;
    this.port = port;
    this.user = user;
    this.uri = uri;
  }

  #register({ address, password, transport = 'udp' }: NonNullable<LinphoneOptions['registrar']>): void {
    this.#command(`register sip:${this.user}@${address} sip:${address};transport=${transport} ${password}`);
  }

  unregister(): void {
    this.#command('unregister');
  }

  async ringing(nth = 1): Promise<void> {
    await this.line(INCOMING, nth);
  }

  async established(nth = 1): Promise<void> {
    await this.line(STREAMS, nth);
  }

  async ended(nth = 1): Promise<void> {
    await this.line(/(^|> )Call \d+ with .* (ended|error)/, nth);
  }

  async registered(): Promise<void> {
    // It tells nobody who does not ask.
    while (!this.#process.lines.some((line) => /registered, identity=/.test(line))) {
      this.#command('status register');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
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
    if (this.#music) this.#command(`play ${this.#music}`);
    await this.#told('pause', /is now paused/);
  }

  /** Its first call. */
  async resume(): Promise<void> {
    if (this.#music) this.#command(`play ${this.#tone}`);
    await this.#told('resume 1', STREAMS);
  }

  /** Attended transfer: the one call goes to whom it talks with in the other (REFER with Replaces in the one). */
  joinCalls(one = 1, other = 2): void {
    this.#command(`transfer ${one} --to-call ${other}`);
  }

  /** Its first call goes to that address (REFER). */
  transfer(to: string): void {
    this.#command(`transfer 1 ${to}`);
  }

  caller(): string {
    const calls = this.#process.lines.filter((line) => INCOMING.test(line));
    return /sips?:([^@]+)@/.exec(calls.at(-1) ?? '')?.[1] ?? '';
  }

  /** One a second. */
  press(keys: string): void {
    this.#command(keys);
  }

  keys(): string {
    return this.#process.lines.flatMap((line) => /Receiving tone (.) from/.exec(line)?.[1] ?? []).join('');
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

  get #tone(): string {
    return join(this.#process.folder, 'tone.wav');
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
