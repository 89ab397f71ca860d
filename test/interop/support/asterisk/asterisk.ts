import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeerProcess, peerFolder } from '../../../support/peer-process.ts';
import { freeSipPort, freeTcpPort } from '../../../support/ports.ts';
import { Ami } from './ami.ts';
import { type AsteriskPorts, writeConfig } from './config.ts';
import { asteriskTree } from './tree.ts';

/** Debian's Asterisk 22 as the PBX, on the recipe of this project. */
export class Asterisk {
  readonly ports: AsteriskPorts;
  /** As it tells it: `22.10.1`. */
  readonly version: string;
  readonly ami: Ami;
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

  tail(): string {
    return logOf(this.#process.folder);
  }

  /** At once, without a word to anybody. */
  async close(): Promise<void> {
    this.ami.close();
    await this.#process.close();
  }
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

function logOf(folder: string): string {
  try {
    return readFileSync(join(folder, 'log', 'full'), 'utf8')
      .split('\n')
      .slice(-150)
      .join('\n');
  } catch {
    return 'no log';
  }
}
