import { createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { ListenOptions, SipContact } from '../types.ts';
import { isWildcard } from './address.ts';
import { Connection } from './connection.ts';
import { KEEP_ALIVE_MS, STREAM_LIMITS, type StreamLimits } from './limits.ts';
import { listenError } from './listen-error.ts';
import { defaultPort, type Endpoint, type Flow, type ListenerOptions, type SentBy } from './transport.ts';

/** What makes a stream of a socket: nothing for TCP, a handshake and its proofs for TLS. */
export interface StreamKind {
  readonly protocol: 'tcp' | 'tls';
  /** Calls `ready` with the stream of an accepted socket; never, when the peer fails to prove itself. */
  accept(socket: Socket, ready: (stream: Socket) => void): void;
  /**
   * Begins to connect, from `local` (an address of ours; undefined: what the system takes); `ready` once data may flow.
   * An unproved peer is an error of the stream.
   */
  connect(remote: Endpoint, domain: string, local: string | undefined, ready: () => void): Socket;
  /** Whether the peer of this stream has proved to be that domain. */
  speaksFor(stream: Socket, domain: string): boolean;
}

/** Of one connection; a peer listens on few ports. */
const MAX_ALIASES = 4;

/** One listening socket and all connections from and to its peers (RFC 3261 18). */
export class StreamListener {
  readonly contact: SipContact;
  readonly #server: Server;
  readonly #kind: StreamKind;
  readonly #options: ListenerOptions;
  readonly #limits: StreamLimits;
  readonly #accepted = new Map<Socket, string>();
  readonly #connections = new Set<Connection>();
  /** Connections by what requests may be sent to on them: the remote endpoint, and proven aliases (RFC 5923). */
  readonly #reachable = new Map<string, Set<Connection>>();
  /** The domain that a connection of ours was opened for. */
  readonly #domains = new WeakMap<Connection, string>();
  /** Accepted connections on which an application has taken a registration. */
  readonly #registered = new WeakSet<Connection>();
  #closed = false;

  private constructor(server: Server, contact: SipContact, kind: StreamKind, options: ListenerOptions) {
    this.#server = server;
    this.contact = contact;
    this.#kind = kind;
    this.#options = options;
    this.#limits = { ...STREAM_LIMITS, ...options.limits };
    server.on('error', options.onError);
    server.on('connection', (socket) => this.#onAccepted(socket));
  }

  /** @throws GatewayError SIP_SERVER_LISTEN */
  static async open(
    options: ListenOptions,
    kind: StreamKind,
    shared: ListenerOptions,
  ): Promise<StreamListener> {
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
    const { protocol, address, port } = options;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => reject(listenError(options, cause)));
      const backlog = STREAM_LIMITS.acceptBacklog;
      server.listen({ host: address, port, ipv6Only: isIPv6(address), exclusive: true, backlog }, resolve);
    });
    server.removeAllListeners('error');
    const bound = server.address();
    const taken = typeof bound === 'object' && bound ? bound.port : port;
    return new StreamListener(server, { protocol, address, port: taken }, kind, shared);
  }

  get isIPv6(): boolean {
    return isIPv6(this.contact.address);
  }

  /** Live sockets, handshakes included. */
  get size(): number {
    let ours = 0;
    for (const connection of this.#connections) if (connection.isOurs) ours++;
    return ours + this.#accepted.size;
  }

  /** The connection to that endpoint, a new one when there is none; it may still be under way. */
  flow(remote: Endpoint, domain: string): Flow {
    const known = this.#find(remote, domain);
    return this.#flowOn(known ?? this.#connect(remote, domain), remote);
  }

  /** A flow for messages that never leave. */
  idleFlow(): Flow {
    return this.#flowOn(undefined, { address: '', port: 0 });
  }

  #find(remote: Endpoint, domain: string): Connection | undefined {
    for (const connection of this.#reachable.get(key(remote)) ?? []) {
      if (!connection.isOpen) continue;
      // Whoever asks for the far end of a connection by address and port asks for that connection: phones over TLS
      // have no certificate and no other way to be reached (RFC 5626 2). There, an application must have taken their
      // registration: an address alone proves nothing, and a trunk's may be borrowed.
      const vouched = this.#kind.protocol === 'tcp' || this.#registered.has(connection);
      const farEnd = !connection.isOurs && domain === remote.address && vouched;
      const asked = this.#domains.get(connection) === domain;
      if (farEnd || asked || this.#kind.speaksFor(connection.stream, domain)) return connection;
    }
    return undefined;
  }

  #connect(remote: Endpoint, domain: string): Connection | undefined {
    if (this.#closed || this.size >= this.#limits.connections) return undefined;
    let connection: Connection | undefined;
    const { address } = this.contact;
    const local = isWildcard(address) ? undefined : address;
    const stream = this.#kind.connect(remote, domain, local, () => connection?.start());
    connection = this.#adopt(stream, remote, true);
    this.#domains.set(connection, domain);
    return connection;
  }

  #onAccepted(socket: Socket): void {
    const remote = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    // A handshake may fail in many ways, each of which closes the socket.
    socket.on('error', () => {});
    if (
      this.#closed ||
      !this.#options.accepts(remote.address, this.contact) ||
      this.#isFull(remote.address)
    ) {
      socket.destroy();
      return;
    }
    this.#accepted.set(socket, remote.address);
    const patience = this.#options.clock.after(this.#limits.connectMs, () => socket.destroy());
    socket.once('close', () => {
      patience.clear();
      this.#accepted.delete(socket);
    });
    this.#kind.accept(socket, (stream) => {
      patience.clear();
      this.#adopt(stream, remote, false).start();
    });
  }

  #isFull(address: string): boolean {
    if (this.size >= this.#limits.connections) return true;
    let same = 0;
    for (const other of this.#accepted.values()) if (other === address) same++;
    return same >= this.#limits.perAddress;
  }

  #adopt(stream: Socket, remote: Endpoint, isOurs: boolean): Connection {
    const { clock, onMessage } = this.#options;
    const keys = new Set<string>([key(remote)]);
    const connection = new Connection(stream, { remote, isOurs }, clock, this.#limits, {
      onMessage: (message) => {
        const flow = this.#flowOn(connection, remote, keys);
        onMessage(message, flow);
      },
      onClosed: () => {
        this.#connections.delete(connection);
        for (const at of keys) this.#unlink(at, connection);
      },
    });
    this.#connections.add(connection);
    this.#link(key(remote), connection);
    return connection;
  }

  #link(at: string, connection: Connection): void {
    const set = this.#reachable.get(at);
    if (set) set.add(connection);
    else this.#reachable.set(at, new Set([connection]));
  }

  #unlink(at: string, connection: Connection): void {
    const set = this.#reachable.get(at);
    set?.delete(connection);
    if (set?.size === 0) this.#reachable.delete(at);
  }

  #flowOn(connection: Connection | undefined, remote: Endpoint, keys?: Set<string>): Flow {
    const { address, port } = this.contact;
    const { own, onSend } = this.#options;
    const { protocol } = this.#kind;
    const flow: Flow = {
      protocol,
      reliable: true,
      ...(connection?.isOurs && { isOurs: true }),
      local: { address: own.toward(address, remote.address), port },
      bound: { address, port },
      remote,
      isOpen: () => connection?.isOpen === true,
      send: (message, failed) => {
        if (!connection) {
          queueMicrotask(() => failed(new Error('too many connections')));
          return;
        }
        connection.send(message, failed, () => onSend?.(message, flow));
      },
      whenReady: (tell) => {
        if (connection) connection.whenReady(tell);
        else queueMicrotask(() => tell(new Error('too many connections')));
      },
      answering: (sentBy) => (connection ? this.#answering(flow, sentBy) : flow),
      alias: (sentBy) => {
        if (!connection || !keys || keys.size > MAX_ALIASES) return;
        if (connection.isOurs || !this.#mayAlias(connection, sentBy)) return;
        const at = key({ address: remote.address, port: sentBy.port ?? defaultPort(protocol) });
        keys.add(at);
        this.#link(at, connection);
      },
      registered: () => {
        if (connection && !connection.isOurs) this.#registered.add(connection);
      },
    };
    return flow;
  }

  /** On the connection that the request came on; once it is gone, on one to where its Via says (RFC 3261 18.2.2). */
  #answering(flow: Flow, sentBy: SentBy): Flow {
    return {
      ...flow,
      send: (message, failed) => {
        if (flow.isOpen()) {
          flow.send(message, failed);
          return;
        }
        const port = sentBy.port ?? defaultPort(flow.protocol);
        this.flow({ address: flow.remote.address, port }, sentBy.host).send(message, failed);
      },
    };
  }

  /** RFC 5923: over TLS the certificate must name the host; over TCP only an address can stand for itself. */
  #mayAlias(connection: Connection, sentBy: SentBy): boolean {
    return this.#kind.protocol === 'tls'
      ? this.#kind.speaksFor(connection.stream, sentBy.host)
      : sentBy.host === connection.remote.address;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const connection of [...this.#connections]) connection.destroy('the server closes');
    for (const socket of this.#accepted.keys()) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

const key = (remote: Endpoint): string => `${remote.address} ${remote.port}`;
