import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { ListenOptions, SipContact } from '../types.ts';
import { listenError } from './listen-error.ts';
import { defaultPort, type Endpoint, type Flow, type ListenerOptions } from './transport.ts';

/** Takes the bursts of a few hundred calls; the system may grant less. */
const SOCKET_BUFFER_BYTES = 2 * 1024 * 1024;

/** One bound UDP socket. */
export class UdpListener {
  readonly contact: SipContact;
  readonly #socket: Socket;
  readonly #options: ListenerOptions;

  readonly #onLost = (): void => {
    const { address, port } = this.contact;
    this.#options.onError(new Error(`the listener udp/${address}:${port} has closed by itself`));
  };

  private constructor(socket: Socket, contact: SipContact, options: ListenerOptions) {
    this.#socket = socket;
    this.contact = contact;
    this.#options = options;
    socket.on('close', this.#onLost);
    socket.on('message', (data, from) => {
      const flow = this.flow({ address: from.address, port: from.port });
      options.onMessage(data, flow);
    });
  }

  /** @throws GatewayError SIP_SERVER_LISTEN */
  static async open(options: ListenOptions, shared: ListenerOptions): Promise<UdpListener> {
    const six = isIPv6(options.address);
    const socket = createSocket({
      type: six ? 'udp6' : 'udp4',
      ipv6Only: six,
      // Only addresses are ever sent to, so nothing is left to look up; without this every send waits a turn.
      lookup: (host, _options, callback) => callback(null, host, six ? 6 : 4),
    });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', (cause) => {
        socket.close();
        reject(listenError(options, cause));
      });
      socket.bind({ address: options.address, port: options.port, exclusive: true }, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', shared.onError);
    try {
      socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
      socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
    } catch {
      // The system's own size will do.
    }
    const { port } = socket.address();
    return new UdpListener(socket, { protocol: 'udp', address: options.address, port }, shared);
  }

  get isIPv6(): boolean {
    return isIPv6(this.contact.address);
  }

  /** A flow for messages that never leave. */
  idleFlow(): Flow {
    return this.flow({ address: '', port: 0 });
  }

  flow(remote: Endpoint): Flow {
    const { address, port } = this.contact;
    const { own, onSend } = this.#options;
    const flow: Flow = {
      protocol: 'udp',
      reliable: false,
      local: { address: own.toward(address, remote.address), port },
      bound: { address, port },
      remote,
      send: (message, failed) => {
        onSend?.(message, flow);
        try {
          this.#socket.send(message, remote.port, remote.address, (error) => {
            if (error) failed(error);
          });
        } catch (error) {
          queueMicrotask(() => failed(error instanceof Error ? error : new Error(String(error))));
        }
      },
      isOpen: () => true,
      answering: (sentBy) => this.flow({ address: remote.address, port: sentBy.port ?? defaultPort('udp') }),
    };
    return flow;
  }

  close(): Promise<void> {
    this.#socket.removeListener('close', this.#onLost);
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}
