import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Wav } from '../../../src/media/index.ts';
import { PeerProcess, peerFolder } from '../../support/peer-process.ts';
import { freeSipPort, freeTcpPort } from '../../support/ports.ts';
import type { Phone, SipTransport } from './phone.ts';
import { grown, readRecording, toneFile } from './recording.ts';

export interface BaresipOptions {
  readonly user?: string;
  /** Where it listens. Default a free one. */
  readonly port?: number;
  readonly toneHz: number;
  /** As baresip names it: `PCMU/8000/1` (default), `G722/16000/1`, `opus/48000/2`. */
  readonly codec?: string;
  /** The module of the codec. Default g711. */
  readonly module?: string;
  /** SRTP with keys in SDP: offered, or nothing without. */
  readonly srtp?: 'srtp' | 'srtp-mand';
  /** Default true: it picks up by itself. */
  readonly answers?: boolean;
  /** Where it registers; without it a phone that is called by its address. */
  readonly registrar?: {
    /** `host:port`. */
    readonly address: string;
    readonly password: string;
    readonly transport?: SipTransport;
    /** Path of the authority that its TLS server must be known to. */
    readonly ca?: string;
    /** What it asks for. Default 300. */
    readonly expiresS?: number;
  };
  /** Calls that it takes at once; more are told 486. */
  readonly maxCalls?: number;
}

export interface BaresipEvent {
  readonly type?: string;
  readonly param?: string;
  readonly peeruri?: string;
}

/** What it needs for each codec, by the name that trunks know it by. */
export const BARESIP_CODECS = {
  PCMU: { codec: 'PCMU/8000/1', module: 'g711' },
  PCMA: { codec: 'PCMA/8000/1', module: 'g711' },
  G722: { codec: 'G722/16000/1', module: 'g722' },
  opus: { codec: 'opus/48000/2', module: 'opus' },
} as const;

const APPS = ['account', 'contact', 'menu', 'debug_cmd', 'ctrl_tcp'];
const MODULES = ['sndfile', 'aufile', 'aubridge', 'uuid'];

/** Debian's baresip as a desk phone: plays a tone, records what it hears, is told what to do by its control port. */
export class Baresip implements Phone {
  readonly port: number;
  readonly user: string;
  readonly uri: string;
  readonly events: BaresipEvent[] = [];
  readonly #process: PeerProcess;
  #control!: Socket;

  static async start(options: BaresipOptions): Promise<Baresip> {
    const folder = peerFolder('baresip');
    const [port, controlPort] = [options.port ?? (await freeSipPort()), await freeTcpPort()];
    const { user = 'desk', codec = 'PCMU/8000/1', module = 'g711', toneHz, registrar, srtp } = options;
    writeFileSync(join(folder, 'tone.wav'), toneFile(toneHz, 48_000, 60));
    const transport = `;transport=${registrar?.transport ?? 'udp'}`;
    const account = [
      `<sip:${user}@${registrar?.address ?? `127.0.0.1:${port}`}${transport}>`,
      `answermode=${options.answers === false ? 'manual' : 'auto'}`,
      `audio_codecs=${codec}`,
      ...(srtp ? [`mediaenc=${srtp}`] : []),
      ...(registrar
        ? [
            `auth_user=${user}`,
            `auth_pass=${registrar.password}`,
            `regint=${registrar.expiresS ?? 300}`,
            `outbound="sip:${registrar.address}${transport}"`,
          ]
        : ['regint=0']),
    ].join(';');
    writeFileSync(join(folder, 'accounts'), `${account}\n`);
    writeFileSync(join(folder, 'contacts'), '');
    const config = [
      'poll_method epoll',
      `sip_listen 127.0.0.1:${port}`,
      'net_interface 127.0.0.1',
      ...(registrar?.ca ? [`sip_cafile ${registrar.ca}`] : []),
      `call_max_calls ${options.maxCalls ?? 4}`,
      `audio_source aufile,${join(folder, 'tone.wav')}`,
      'audio_player aubridge,sink',
      'audio_alert aubridge,alert',
      'ausrc_srate 48000',
      'auplay_srate 48000',
      'ausrc_channels 1',
      'auplay_channels 1',
      `snd_path ${folder}`,
      `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
      'module_path /usr/lib/baresip/modules',
      ...[module, ...(srtp ? ['srtp'] : []), ...MODULES].map((name) => `module ${name}.so`),
      ...APPS.map((name) => `module_app ${name}.so`),
      '',
    ];
    writeFileSync(join(folder, 'config'), config.join('\n'));
    const process = new PeerProcess('baresip', ['-4', '-s', '-f', folder], folder);
    const phone = new Baresip(process, port, user);
    try {
      await process.line(/baresip is ready/);
      await phone.#connect(controlPort);
    } catch (error) {
      await process.close();
      throw error;
    }
    return phone;
  }

  private constructor(process: PeerProcess, port: number, user: string) {
    this.#process = process;
    this.port = port;
    this.user = user;
    this.uri = `sip:${user}@127.0.0.1:${port}`;
  }

  /** Resolves with the `nth` event of this type, now or later. */
  async event(type: string, nth = 1): Promise<BaresipEvent> {
    const look = (): BaresipEvent | undefined => this.events.filter((event) => event.type === type)[nth - 1];
    return await this.#process.when(look, `event ${nth} ${type}; had ${JSON.stringify(this.events)}`);
  }

  async ringing(nth = 1): Promise<void> {
    await this.event('CALL_INCOMING', nth);
  }

  async established(nth = 1): Promise<void> {
    await this.event('CALL_ESTABLISHED', nth);
  }

  async ended(nth = 1): Promise<void> {
    await this.event('CALL_CLOSED', nth);
  }

  async registered(): Promise<void> {
    // The event may come before anybody listens on its control port.
    await this.#process.line(/200 OK .*binding/);
  }

  async rejected(): Promise<void> {
    await this.#process.line(/reg: .*: 4\d\d /);
  }

  dial(uri: string): void {
    this.#command('dial', uri);
  }

  answer(): void {
    this.#command('accept');
  }

  hangup(): void {
    this.#command('hangup');
  }

  caller(): string {
    // What it picks up by itself is never told as incoming.
    const calls = this.events.filter(({ type }) => type === 'CALL_INCOMING' || type === 'CALL_ESTABLISHED');
    return /sips?:([^@]+)@/.exec(calls.at(-1)?.peeruri ?? '')?.[1] ?? '';
  }

  /** By telephone-event. */
  press(keys: string): void {
    for (const key of keys) this.#command('sndcode', key);
  }

  keys(): string {
    return this.events.flatMap(({ type, param }) => (type === 'CALL_DTMF_START' ? [param] : [])).join('');
  }

  transfer(to: string): void {
    this.#command('transfer', to);
  }

  async hold(): Promise<void> {
    await this.#reinvite('hold');
  }

  async resume(): Promise<void> {
    await this.#reinvite('resume');
  }

  /** It has no other way than to quit. */
  unregister(): void {
    this.#command('quit');
  }

  async hears(seconds = 1): Promise<void> {
    await grown(() => this.#recording(), this.#process.folder, seconds * 16_000);
  }

  heard(): Wav {
    const file = this.#recording();
    if (!file) throw new Error(`baresip recorded nothing\n${this.#process.tail()}`);
    return readRecording(file);
  }

  async line(pattern: RegExp): Promise<string> {
    return await this.#process.line(pattern);
  }

  tail(): string {
    return this.#process.tail();
  }

  async close(): Promise<void> {
    this.#control?.destroy();
    await this.#process.close();
  }

  /** A command that sends a re-INVITE; resolves when that was answered. */
  async #reinvite(command: string): Promise<void> {
    const type = 'CALL_REMOTE_SDP';
    const before = this.events.filter((event) => event.type === type).length;
    this.#command(command);
    await this.event(type, before + 1);
  }

  #recording(): string | undefined {
    const { folder } = this.#process;
    // Who still watches when the phone is closed finds no folder any more.
    const files = existsSync(folder) ? readdirSync(folder) : [];
    const name = files.find((file) => file.startsWith('dump') && file.includes('dec'));
    return name === undefined ? undefined : join(folder, name);
  }

  #command(command: string, params?: string): void {
    const json = JSON.stringify({ command, ...(params === undefined ? {} : { params }) });
    this.#control.write(`${Buffer.byteLength(json)}:${json},`);
  }

  /** Netstrings of JSON. */
  async #connect(port: number): Promise<void> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    this.#control = socket;
    let pending = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      for (;;) {
        const colon = pending.indexOf(':');
        const end = colon + 1 + Number(pending.toString('latin1', 0, Math.max(colon, 0)));
        if (colon < 0 || pending.length < end + 1) break;
        this.events.push(JSON.parse(pending.toString('utf8', colon + 1, end)) as BaresipEvent);
        pending = pending.subarray(end + 1);
        this.#process.poke();
      }
    });
  }
}
