import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A frame of a client: its id, its type and the rest. */
export interface Frame {
  readonly id: string;
  readonly type: string;
  readonly rest: string;
}

/**
 * The TCP end of a drachtio application port without any SIP behind it: it accepts the secret, answers pings, and
 * lets a test see frames, send frames (also ones no server should send) and cut the line.
 */
export class ControlServer {
  readonly port: number;
  readonly frames: Frame[] = [];
  connections = 0;
  /** undefined: does not answer the authentication. */
  greeting: string | undefined = 'OK|udp/127.0.0.1:5060|v0.9.4|udp/127.0.0.1:5060';
  answerPings = true;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #waiting: { readonly wanted: (frame: Frame) => boolean; readonly resolve: (frame: Frame) => void }[] = [];

  private constructor(server: Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => this.#accept(socket));
  }

  static async start(port = 0): Promise<ControlServer> {
    const server = createServer();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new ControlServer(server);
  }

  #accept(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: string) => {
      text += chunk;
      for (let match = /^(\d+)#/.exec(text); match; match = /^(\d+)#/.exec(text)) {
        // Lengths are bytes; the tests' frames are ASCII.
        const end = match[0].length + Number(match[1]);
        if (text.length < end) return;
        const [id = '', type = '', ...rest] = text.slice(match[0].length, end).split('|');
        text = text.slice(end);
        this.#onFrame(socket, { id, type: type.split('\r\n')[0]!, rest: rest.join('|') });
      }
    });
  }

  #onFrame(socket: Socket, frame: Frame): void {
    this.frames.push(frame);
    if (frame.type === 'authenticate' && this.greeting !== undefined) {
      write(socket, `x|response|${frame.id}|${this.greeting}`);
    } else if (frame.type === 'ping' && this.answerPings) write(socket, `x|response|${frame.id}|OK|pong`);
    for (const { resolve } of this.#waiting.filter(({ wanted }) => wanted(frame))) resolve(frame);
    this.#waiting = this.#waiting.filter(({ wanted }) => !wanted(frame));
  }

  /** The next frame of that type. */
  next(type: string): Promise<Frame> {
    return new Promise((resolve) => {
      this.#waiting.push({ wanted: (frame) => frame.type === type, resolve });
    });
  }

  /** Sends a frame, or bytes as they are. */
  send(frame: string): void {
    for (const socket of this.#sockets) write(socket, frame);
  }

  sendRaw(bytes: string): void {
    for (const socket of this.#sockets) socket.write(bytes);
  }

  /**
   * Says what a drachtio-server says when `invite` (a `sip` frame) went out as transaction `transactionId` and was
   * answered 200 in dialog `dialogId`.
   */
  answer(invite: Frame, transactionId: string, dialogId: string, sdp: string): void {
    const head = 'Call-ID: c1\r\nCSeq: 1 INVITE\r\nFrom: <sip:a@x>;tag=f1\r\nTo: <sip:b@x>';
    this.send(
      `x|response|${invite.id}|OK|application|1|udp|127.0.0.1|5060|00:00:00.0|${transactionId}|Msg sent:|\r\n` +
        `INVITE sip:b@x SIP/2.0\r\n${head}\r\nContent-Length: 0\r\n\r\n`,
    );
    this.send(
      `x|sip|network|1|udp|127.0.0.1|5060|00:00:00.0|${transactionId}|${dialogId}|\r\nSIP/2.0 200 OK\r\n${head};tag=t1\r\n` +
        `Contact: <sip:b@127.0.0.1>\r\nContent-Type: application/sdp\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`,
    );
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut();
    await once(this.#server, 'close');
  }
}

function write(socket: Socket, frame: string): void {
  socket.write(`${Buffer.byteLength(frame)}#${frame}`);
}
