import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWav, Tone, type Wav, wavBytes } from '../../src/media/index.ts';

export interface BaresipOptions {
  /** As baresip names it: `PCMU/8000/1`, `G722/16000/1`, `opus/48000/2`. */
  readonly codec: string;
  readonly module: string;
  readonly toneHz: number;
}

interface BaresipEvent {
  readonly event?: boolean;
  readonly type?: string;
  readonly param?: string;
}

/** Debian's baresip as a desk phone that answers by itself, plays a tone and records what it hears. */
export class Baresip {
  readonly port: number;
  readonly events: BaresipEvent[] = [];
  readonly #folder: string;
  readonly #process: ChildProcess;
  #control!: Socket;
  #wake: (() => void)[] = [];

  static async start(options: BaresipOptions): Promise<Baresip> {
    const folder = mkdtempSync(join(tmpdir(), 'msgw-baresip-'));
    const [port, controlPort] = [await freeUdpPair(), await freeTcpPort()];
    const pcm = new Int16Array(48_000 * 60);
    new Tone(options.toneHz, 48_000).fill(pcm, pcm.length);
    writeFileSync(join(folder, 'tone.wav'), wavBytes({ sampleRate: 48_000, channels: 1, pcm }));
    writeFileSync(
      join(folder, 'accounts'),
      `<sip:desk@127.0.0.1:${port}>;regint=0;answermode=auto;audio_codecs=${options.codec}\n`,
    );
    writeFileSync(join(folder, 'contacts'), '');
    const modules = [
      options.module,
      'sndfile',
      'aufile',
      'aubridge',
      'uuid',
      'account',
      'contact',
      'debug_cmd',
      'menu',
      'ctrl_tcp',
    ];
    writeFileSync(
      join(folder, 'config'),
      [
        'poll_method epoll',
        `sip_listen 127.0.0.1:${port}`,
        'net_interface 127.0.0.1',
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
        ...modules.map(
          (name) =>
            `${name === 'account' || name === 'contact' || name === 'menu' || name === 'debug_cmd' || name === 'ctrl_tcp' ? 'module_app' : 'module'} ${name}.so`,
        ),
        '',
      ].join('\n'),
    );
    const process = spawn('baresip', ['-4', '-f', folder], { stdio: ['ignore', 'pipe', 'pipe'] });
    const phone = new Baresip(folder, port, process);
    await phone.#ready(controlPort);
    return phone;
  }

  private constructor(folder: string, port: number, process: ChildProcess) {
    this.#folder = folder;
    this.port = port;
    this.#process = process;
  }

  /** Resolves with the first event of this type, now or later. */
  async event(type: string): Promise<BaresipEvent> {
    for (;;) {
      const found = this.events.find((event) => event.type === type);
      if (found) return found;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  hangup(): void {
    const json = JSON.stringify({ command: 'hangup' });
    this.#control.write(`${Buffer.byteLength(json)}:${json},`);
  }

  /** What it heard; call after the end, when the file is complete. */
  heard(): Wav {
    const file = readdirSync(this.#folder).find((name) => name.startsWith('dump') && name.includes('dec'));
    if (!file) throw new Error(`baresip recorded nothing: ${readdirSync(this.#folder).join(', ')}`);
    return readWav(readFileSync(join(this.#folder, file)));
  }

  async close(): Promise<void> {
    this.#control?.destroy();
    const gone = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    if (this.#process.exitCode === null && this.#process.signalCode === null) await gone;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #ready(controlPort: number): Promise<void> {
    let output = '';
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (chunk) => {
        output += String(chunk);
      });
    }
    for (let attempt = 0; attempt < 100; attempt++) {
      if (this.#process.exitCode !== null) throw new Error(`baresip ended: ${output.slice(-800)}`);
      const socket = await tryConnect(controlPort);
      if (socket) return this.#listen(socket);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`baresip does not listen: ${output.slice(-800)}`);
  }

  /** Netstrings of JSON. */
  #listen(socket: Socket): void {
    this.#control = socket;
    let pending = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      pending += chunk.toString('utf8');
      for (;;) {
        const colon = pending.indexOf(':');
        const length = Number(pending.slice(0, colon));
        if (colon < 0 || pending.length < colon + length + 2) break;
        this.events.push(JSON.parse(pending.slice(colon + 1, colon + 1 + length)));
        pending = pending.slice(colon + length + 2);
        for (const wake of this.#wake.splice(0)) wake();
      }
    });
  }
}

function tryConnect(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

async function freeTcpPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** baresip also listens on its SIP port + 1. */
async function freeUdpPair(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', () => resolve()));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
