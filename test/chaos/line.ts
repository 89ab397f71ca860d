import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** `silent`: connections come up and nothing is ever said. `garbage`: what comes back is no HTTP. */
export type LineMode = 'through' | 'silent' | 'garbage';

/** A TCP line to a port of loopback that can be cut, or go bad. Owns its sockets until `close`. */
export class Line {
  mode: LineMode = 'through';
  readonly #to: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async open(to: number): Promise<Line> {
    const line = new Line(to);
    line.#server.listen(0, '127.0.0.1');
    await once(line.#server, 'listening');
    return line;
  }

  private constructor(to: number) {
    this.#to = to;
    this.#server = createServer((near) => this.#accept(near));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends every connection; new ones come up as before. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** From now on it is so, also for connections that were up: those are cut. */
  become(mode: LineMode): void {
    this.mode = mode;
    this.cut();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  #accept(near: Socket): void {
    this.#own(near);
    if (this.mode === 'silent') return void near.resume();
    if (this.mode === 'garbage') {
      near.resume();
      near.once('data', () => near.end('HTTP/1.1 ??? \0\0 no\r\n{{{'));
      return;
    }
    const far = connect(this.#to, '127.0.0.1');
    this.#own(far);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on('close', () => other.destroy());
      socket.pipe(other);
    }
  }

  #own(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
