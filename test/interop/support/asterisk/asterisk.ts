import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Authority } from '../../../sip-server/support/certificates.ts';
import { PeerProcess, peerFolder } from '../../../support/peer-process.ts';
import { freeSipPort, freeTcpPort } from '../../../support/ports.ts';
import { toneFile } from '../recording.ts';
import { Ami } from './ami.ts';
import { type AsteriskPorts, TRUNKS, writeConfig } from './config.ts';
import { asteriskTree } from './tree.ts';

/** Debian's Asterisk 22 as the PBX, on the recipe of this project. */
export class Asterisk {
  readonly ports: AsteriskPorts;
  /** As it tells it: `22.10.1`. */
  readonly version: string;
  readonly ami: Ami;
  /** Path of the authority that its certificate is of, and the gateway's. */
  readonly ca: string;
  /** Paths of the gateway's. */
  readonly certificate: { readonly cert: string; readonly key: string };
  readonly #process: PeerProcess;

  /** Resolves when it takes calls. Throws when it is not the version that is promised. */
  static async start(ports?: AsteriskPorts): Promise<Asterisk> {
    const tree = await asteriskTree();
    if (!tree.version.startsWith('22.'))
      throw new Error(`Asterisk ${tree.version}, and 22 is what is tested`);
    const folder = peerFolder('asterisk');
    const at = ports ?? {
      sip: await freeSipPort(),
      manager: await freeTcpPort(),
      gateway: await freeSipPort(),
    };
    const secret = randomBytes(12).toString('hex');
    const config = writeConfig(folder, tree, at, secret);
    writeCertificates(folder);
    const [command, ...args] = tree.loader;
    const program = join(tree.root, 'usr', 'sbin', 'asterisk');
    const process = new PeerProcess(command, [...args, program, '-f', '-C', config], folder);
    try {
      return new Asterisk(process, at, tree.version, await booted(process, at.manager, secret));
    } catch (error) {
      const log = logOf(folder);
      await process.close();
      throw new Error(`Asterisk did not start\n${log}`, { cause: error });
    }
  }

  private constructor(process: PeerProcess, ports: AsteriskPorts, version: string, ami: Ami) {
    this.#process = process;
    this.ports = ports;
    this.version = version;
    this.ami = ami;
    const { folder } = process;
    this.ca = join(folder, 'ca.pem');
    this.certificate = { cert: join(folder, 'gateway.pem'), key: join(folder, 'gateway.key') };
  }

  /** What a command of its console prints. */
  async command(text: string): Promise<string> {
    return (await this.ami.action('Command', { Command: text }))['Output'] ?? '';
  }

  /** Resolves when no channel is left: what was ended on one side is gone on the other. */
  async idle(): Promise<void> {
    while (!/^0 active channels/m.test(await this.command('core show channels count'))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Resolves when it knows that the gateway on the recipe's trunk is there; it asks by itself only now and then. */
  async reaches(): Promise<void> {
    await this.command('pjsip qualify messenger');
    while (!/messenger\/\S+ +\S+ +Avail/.test(await this.command('pjsip show contacts'))) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends its calls, then itself. */
  async stop(): Promise<void> {
    await this.command('core stop now').catch(() => {});
    await this.#process.exit;
  }

  /** Path of a WAV file with a tone of 10 s, which goes when Asterisk does. */
  tone(hz: number): string {
    const path = join(this.#process.folder, `${hz}.wav`);
    writeFileSync(path, toneFile(hz, 16_000, 10));
    return path;
  }

  tail(lines = 150): string {
    return logOf(this.#process.folder, lines);
  }

  /** At once, without a word to anybody. */
  async close(): Promise<void> {
    this.ami.close();
    await this.#process.close();
  }
}

/** One authority, whose certificates name the addresses of loopback that both sides have. */
function writeCertificates(folder: string): void {
  const authority = new Authority();
  writeFileSync(join(folder, 'ca.pem'), authority.cert);
  for (const [name, address] of [
    ['gateway', TRUNKS.secure.address],
    ['asterisk', '127.0.0.1'],
  ] as const) {
    const { cert, key } = authority.issue(`IP:${address}`, 30, address);
    writeFileSync(join(folder, `${name}.pem`), cert);
    writeFileSync(join(folder, `${name}.key`), key);
  }
  authority.close();
}

/** Resolves with a connection, once it says that it is up. */
async function booted(process: PeerProcess, port: number, secret: string): Promise<Ami> {
  for (;;) {
    if (process.ended) throw new Error(process.tail());
    try {
      const ami = await Ami.connect(port, 'test', secret);
      await ami.event({ Event: 'FullyBooted' });
      return ami;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function logOf(folder: string, lines = 150): string {
  try {
    return readFileSync(join(folder, 'log', 'full'), 'utf8')
      .split('\n')
      .slice(Number.isFinite(lines) ? -lines : 0)
      .join('\n');
  } catch {
    return 'no log';
  }
}
