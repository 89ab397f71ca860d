import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../shared/clock.ts';
import { GatewayError } from '../../shared/error.ts';
import type { Log } from '../../shared/log.ts';
import { VERSION } from '../version.ts';
import type { AppClient, AppHandler } from './client.ts';
import { encodeFrame, FrameDecoder } from './frame.ts';

const MAX_FRAME_BYTES = 256 * 1024;
/** Before a client has authenticated. */
const MAX_FIRST_FRAME_BYTES = 4096;
const AUTHENTICATE_WITHIN_MS = 10_000;
/** An application that reads nothing for so many bytes is disconnected. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;

export interface ControlOptions {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  /** `protocol/address:port` of each listener, joined by commas. */
  readonly hostports: () => string;
  readonly clock: Clock;
  readonly log: Log;
}

interface Client extends AppClient {
  readonly routes: Set<string>;
  readonly close: () => void;
}

/** The TCP port that drachtio-srf applications connect to: authentication, routes, pings, and SIP frames. */
export class ControlServer {
  readonly #options: ControlOptions;
  readonly #handler: AppHandler;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #clients: Client[] = [];
  /** Whose turn it is, by verb. */
  readonly #next = new Map<string, number>();
  #ids = 0;

  constructor(options: ControlOptions, handler: AppHandler) {
    this.#options = options;
    this.#handler = handler;
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#accept(socket));
  }

  /** @throws GatewayError SIP_SERVER_LISTEN */
  async listen(): Promise<{ host: string; port: number }> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => {
        const at = `${host}:${port}`;
        reject(
          new GatewayError(
            'SIP_SERVER_LISTEN',
            `Cannot listen for applications on ${at}: ${cause.message}`,
            { at },
            { cause },
          ),
        );
      });
      this.#server.listen(port, host, resolve);
    });
    const address = this.#server.address();
    return { host, port: typeof address === 'object' && address ? address.port : port };
  }

  get clientCount(): number {
    return this.#clients.length;
  }

  /** The next client, in turn, that routes this method. */
  pick(method: string): AppClient | undefined {
    const verb = method.toLowerCase();
    for (let i = 0; i < this.#clients.length; i++) {
      const at = ((this.#next.get(verb) ?? 0) + i) % this.#clients.length;
      const client = this.#clients[at]!;
      if (client.alive && client.routes.has(verb)) {
        this.#next.set(verb, at + 1);
        return client;
      }
    }
    return undefined;
  }

  #accept(socket: Socket): void {
    const { clock, log } = this.#options;
    const limits = { bytes: MAX_FIRST_FRAME_BYTES };
    const decoder = new FrameDecoder(limits);
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    let client: Client | undefined;
    this.#sockets.add(socket);
    const patience = clock.after(AUTHENTICATE_WITHIN_MS, () => socket.destroy());
    socket.on('error', (error) => log.debug({ peer, error: error.message }, 'sip_server.control_error'));
    // Who will say no more gets no more requests, even while it reads nothing of what waits for it.
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      patience.clear();
      this.#sockets.delete(socket);
      if (client) this.#remove(client, peer);
    });
    socket.on('data', (chunk) => {
      const frames = decoder.push(chunk);
      if (frames === 'broken') {
        log.warn({ peer }, 'sip_server.control_bad_frame');
        socket.destroy();
        return;
      }
      for (const frame of frames) {
        if (socket.destroyed) return;
        if (client) this.#receive(client, frame);
        else {
          client = this.#authenticate(socket, frame, peer);
          if (!client) return;
          patience.clear();
          limits.bytes = MAX_FRAME_BYTES;
        }
      }
    });
  }

  #authenticate(socket: Socket, frame: Buffer, peer: string): Client | undefined {
    const [id = '', type, secret = ''] = frame.toString('utf8').split('|');
    const reply = (text: string): void =>
      void socket.write(encodeFrame(`${randomUUID()}|response|${id}|${text}`));
    if (type !== 'authenticate' || !sameSecret(secret, this.#options.secret)) {
      this.#options.log.warn({ peer }, 'sip_server.control_refused');
      reply(type === 'authenticate' ? 'NO|incorrect secret' : 'NO|not authenticated');
      socket.end();
      return undefined;
    }
    const client: Client = {
      id: ++this.#ids,
      routes: new Set(),
      get alive() {
        return !socket.destroyed && socket.writable;
      },
      send: (tokens, message) => {
        if (!socket.writable) return;
        socket.write(encodeFrame(`${randomUUID()}|${tokens}`, message));
        if (socket.writableLength > MAX_BACKLOG_BYTES)
          socket.destroy(new Error('the application does not read'));
      },
      close: () => socket.destroy(),
    };
    this.#clients.push(client);
    const hostports = this.#options.hostports();
    reply(`OK|${hostports}|${VERSION}|${hostports}`);
    this.#options.log.info({ peer, clients: this.#clients.length }, 'sip_server.control_connected');
    return client;
  }

  #receive(client: Client, frame: Buffer): void {
    const cr = frame.indexOf('\r\n');
    const tokens = frame.toString('utf8', 0, cr < 0 ? frame.length : cr).split('|');
    const [id = '', type = '', first = '', second = '', third = ''] = tokens;
    const reply = (text: string): void => client.send(`response|${id}|${text}`);
    switch (type) {
      case 'route':
        if (!/^[a-z:]{1,32}$/i.test(first)) {
          reply('NO|invalid verb');
          return;
        }
        client.routes.add(first.toLowerCase());
        reply('OK');
        return;
      case 'remove_route':
        reply(client.routes.delete(first.toLowerCase()) ? 'OK' : 'NO|verb was not routed');
        return;
      case 'ping':
        reply('OK|pong');
        return;
      case 'authenticate':
        reply('NO|already authenticated');
        return;
      case 'sip': {
        if (cr < 0) {
          reply('NO|missing SIP message');
          return;
        }
        const message = frame.subarray(cr + 2);
        this.#handler.onSip(client, { id, transactionId: first, dialogId: second, proxy: third, message });
        return;
      }
      case 'proxy':
        reply('NOK|proxy is not supported by the embedded server');
        return;
      default:
        reply('NO|unknown message type');
        return;
    }
  }

  #remove(client: Client, peer: string): void {
    const at = this.#clients.indexOf(client);
    if (at >= 0) this.#clients.splice(at, 1);
    this.#options.log.info({ peer, clients: this.#clients.length }, 'sip_server.control_disconnected');
    this.#handler.onGone(client);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function sameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}
