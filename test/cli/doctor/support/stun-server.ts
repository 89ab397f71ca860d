import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

const COOKIE = 0x2112a442;

/** A STUN server (RFC 8489, Binding only) of loopback that tells what it sees, or says that it sees something else. */
export class StunServer {
  readonly #socket: Socket;
  /** It hears and says nothing, as behind a firewall. */
  silent = false;
  /** IPv4 address that it claims to see. */
  pretends: string | undefined;
  /** Added to the port that it sees. */
  portShift = 0;

  static async start(): Promise<StunServer> {
    const server = new StunServer();
    server.#socket.bind(0, '127.0.0.1');
    await once(server.#socket, 'listening');
    return server;
  }

  private constructor() {
    this.#socket = createSocket('udp4');
    this.#socket.on('message', (request, from) => {
      const isRequest = request.length >= 20 && request.readUInt16BE(0) === 1;
      if (this.silent || !isRequest || request.readUInt32BE(4) !== COOKIE) return;
      this.#socket.send(this.#response(request, from.address, from.port), from.port, from.address);
    });
  }

  get place(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  #response(request: Buffer, address: string, port: number): Buffer {
    const message = Buffer.alloc(32);
    message.writeUInt16BE(0x0101, 0);
    message.writeUInt16BE(12, 2);
    request.copy(message, 4, 4, 20);
    message.writeUInt16BE(0x0020, 20);
    message.writeUInt16BE(8, 22);
    message.writeUInt8(1, 25);
    message.writeUInt16BE((port + this.portShift) ^ (COOKIE >>> 16), 26);
    const bytes = Buffer.from((this.pretends ?? address).split('.').map(Number));
    message.writeUInt32BE((bytes.readUInt32BE() ^ COOKIE) >>> 0, 28);
    return message;
  }
}
