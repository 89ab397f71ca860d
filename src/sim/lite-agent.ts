import { createSocket, type Socket } from 'node:dgram';
import { answerCheck, type LiteCredentials } from './stun.ts';

export interface LiteAgentOptions {
  /** Where the relay listens for IPv4. */
  readonly address: string;
  /** And for IPv6; undefined: not at all. */
  readonly address6?: string | undefined;
  readonly credentials: LiteCredentials;
  /** Everything that comes is lost on its way. */
  readonly deaf?: boolean;
  /** DTLS, RTP and RTCP that came on the nominated pair. */
  readonly onData: (datagram: Buffer) => void;
  /** There is a path, for the first time. */
  readonly onPath?: () => void;
}

export interface LiteCandidate {
  readonly address: string;
  readonly port: number;
}

/** What the gateway's ICE did, for the tests and the control API. */
export interface CheckCounters {
  readonly answered: number;
  /** By STUN status: 400, 401, 420, 487. */
  readonly refused: Readonly<Record<number, number>>;
  /** Data from where no check was nominated. */
  readonly strangers: number;
}

/** Where a call's media flows, seen from the relay or the phone. */
export interface MediaPath {
  readonly local: LiteCandidate;
  readonly remote: LiteCandidate;
}

interface Path {
  readonly socket: Socket;
  readonly address: string;
  readonly port: number;
}

/**
 * Meta's side of ICE: lite, always controlled, sends no checks, one component. The path is the one that the gateway
 * nominated last; what comes on any other is dropped.
 */
export class LiteAgent {
  readonly candidates: readonly LiteCandidate[];
  readonly #options: LiteAgentOptions;
  readonly #sockets: readonly Socket[];
  readonly #refused: Record<number, number> = {};
  #path: Path | undefined;
  #answered = 0;
  #strangers = 0;
  #closed = false;

  /** Rejects with the system's error when the IPv4 address cannot be bound; IPv6 may be missing. */
  static async open(options: LiteAgentOptions): Promise<LiteAgent> {
    const first = await bind('udp4', options.address, 0);
    const sockets = [first];
    if (options.address6) {
      // As Meta's: the same port on both, when it is free.
      const { port } = first.address();
      const second = await bind('udp6', options.address6, port).catch(() => undefined);
      if (second) sockets.push(second);
    }
    return new LiteAgent(options, sockets);
  }

  private constructor(options: LiteAgentOptions, sockets: readonly Socket[]) {
    this.#options = options;
    this.#sockets = sockets;
    this.candidates = sockets.map((socket) => {
      const { address, port } = socket.address();
      return { address, port };
    });
    for (const socket of sockets) {
      socket.on('error', () => {});
      socket.on('message', (datagram, from) => this.#receive(datagram, { socket, ...from }));
    }
  }

  get checks(): CheckCounters {
    return { answered: this.#answered, refused: { ...this.#refused }, strangers: this.#strangers };
  }

  /** To the nominated path; nowhere when there is none yet. */
  send(datagram: Buffer): void {
    const path = this.#path;
    if (!path || this.#closed) return;
    path.socket.send(datagram, path.port, path.address, () => {});
  }

  /** The nominated path, for somebody who carries it on from the same port after `close`; undefined: there is none. */
  get path(): MediaPath | undefined {
    const path = this.#path;
    if (!path) return undefined;
    const { address, port } = path.socket.address();
    return { local: { address, port }, remote: { address: path.address, port: path.port } };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all(
      this.#sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))),
    );
  }

  #receive(datagram: Buffer, path: Path): void {
    if (this.#closed || this.#options.deaf) return;
    if ((datagram[0] ?? 0) < 4) return this.#check(datagram, path);
    const known = this.#path;
    if (known?.socket === path.socket && known.port === path.port && known.address === path.address)
      return this.#options.onData(datagram);
    this.#strangers += 1;
  }

  #check(datagram: Buffer, path: Path): void {
    const verdict = answerCheck(datagram, path, this.#options.credentials);
    if (verdict.kind === 'ignored') return;
    path.socket.send(verdict.reply, path.port, path.address, () => {});
    if (verdict.kind === 'refused') {
      this.#refused[verdict.status] = (this.#refused[verdict.status] ?? 0) + 1;
      return;
    }
    this.#answered += 1;
    if (!verdict.nominates) return;
    const isFirst = this.#path === undefined;
    this.#path = { socket: path.socket, address: path.address, port: path.port };
    if (isFirst) this.#options.onPath?.();
  }
}

async function bind(type: 'udp4' | 'udp6', address: string, port: number): Promise<Socket> {
  const socket = createSocket(type === 'udp6' ? { type, ipv6Only: true } : { type });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, address, () => {
      socket.off('error', reject);
      resolve();
    });
  }).catch((error: unknown) => {
    socket.close();
    throw error;
  });
  return socket;
}
