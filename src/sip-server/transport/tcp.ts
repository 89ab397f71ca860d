import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net';
import { GatewayError } from '../../shared/error.ts';
import type { ListenOptions, SipContact } from '../types.ts';
import { advertised } from './address.ts';
import { StreamCutter } from './stream.ts';
import type { Endpoint, Flow, ListenerOptions } from './transport.ts';

/** A connection on which nothing moved for so long is closed; peers that want it longer send keep-alives. */
const IDLE_MS = 10 * 60_000;
const CONNECT_WITHIN_MS = 10_000;
const MAX_CONNECTIONS = 1024;
/** A peer that reads nothing for so many bytes is disconnected. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024;

/** One listening TCP socket and all connections from and to its peers. */
export class TcpListener {
  readonly contact: SipContact;
  readonly #server: Server;
  readonly #options: ListenerOptions;
  /** The live connection to each remote endpoint. */
  readonly #connections = new Map<string, Socket>();

  private constructor(server: Server, contact: SipContact, options: ListenerOptions) {
    this.#server = server;
    this.contact = contact;
    this.#options = options;
    server.maxConnections = MAX_CONNECTIONS;
    server.on('error', options.onError);
    server.on('connection', (socket) => {
      const remote = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
      if (options.accepts(remote.address, contact)) this.#adopt(socket, remote);
      else socket.destroy();
    });
  }

  /** @throws GatewayError SIP_SERVER_LISTEN */
  static async open(options: ListenOptions, shared: ListenerOptions): Promise<TcpListener> {
    const server = createServer({ noDelay: true, keepAlive: true });
    const { address: host, port } = options;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        const at = `tcp/${host}:${port}`;
        reject(
          new GatewayError(
            'SIP_SERVER_LISTEN',
            `Cannot listen on ${at}: ${cause.message}`,
            { at },
            { cause },
          ),
        );
      });
      server.listen({ host, port, ipv6Only: isIPv6(host) }, resolve);
    });
    server.removeAllListeners('error');
    const bound = server.address();
    const taken = typeof bound === 'object' && bound ? bound.port : port;
    return new TcpListener(server, { protocol: 'tcp', address: host, port: taken }, shared);
  }

  get isIPv6(): boolean {
    return isIPv6(this.contact.address);
  }

  /** The connection to that endpoint, a new one when there is none; it may still be under way. */
  flow(remote: Endpoint): Flow {
    const known = this.#connections.get(key(remote));
    if (known?.writable) return this.#flowOn(known, remote);
    const socket = connect({ host: remote.address, port: remote.port, noDelay: true, keepAlive: true });
    const patience = setTimeout(() => socket.destroy(new Error('connection timed out')), CONNECT_WITHIN_MS);
    socket.once('connect', () => clearTimeout(patience));
    socket.once('close', () => clearTimeout(patience));
    this.#adopt(socket, remote);
    return this.#flowOn(socket, remote);
  }

  /** A flow for messages that never leave. */
  idleFlow(): Flow {
    return this.#flowOn(undefined, { address: '', port: 0 });
  }

  /** Whether this very connection is still open. */
  isOpen(remote: Endpoint): boolean {
    return this.#connections.get(key(remote))?.writable === true;
  }

  #adopt(socket: Socket, remote: Endpoint): void {
    const { onMessage, trace } = this.#options;
    const cutter = new StreamCutter();
    this.#connections.set(key(remote), socket);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    // What could not be sent is told where it was sent; a connection that just ends concerns nobody.
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#connections.get(key(remote)) === socket) this.#connections.delete(key(remote));
    });
    socket.on('data', (chunk) => {
      const cut = cutter.push(chunk);
      if (cut === 'broken') {
        socket.destroy();
        return;
      }
      for (let ping = 0; ping < cut.pings; ping++) socket.write('\r\n');
      const flow = this.#flowOn(socket, remote);
      for (const message of cut.messages) {
        trace?.('in', flow, message);
        onMessage(message, flow);
      }
    });
  }

  #flowOn(socket: Socket | undefined, remote: Endpoint): Flow {
    const { address, port } = this.contact;
    const { external, trace } = this.#options;
    const flow: Flow = {
      protocol: 'tcp',
      reliable: true,
      local: { address: advertised(address, remote.address, external), port },
      bound: { address, port },
      remote,
      send: (message, failed) => {
        if (!socket?.writable) {
          queueMicrotask(() => failed(new Error('the connection is closed')));
          return;
        }
        trace?.('out', flow, message);
        socket.write(message, (error) => {
          if (error) failed(error);
        });
        if (socket.writableLength > MAX_BACKLOG_BYTES) socket.destroy(new Error('the peer does not read'));
      },
      withPort: () => flow,
    };
    return flow;
  }

  close(): Promise<void> {
    for (const socket of this.#connections.values()) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

const key = (remote: Endpoint): string => `${remote.address} ${remote.port}`;
