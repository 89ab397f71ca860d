import { lookup } from 'node:dns';
import { isIP, isIPv6 } from 'node:net';
import { err, ok, type Result } from '../../shared/result.ts';
import type { ListenOptions, SipContact } from '../types.ts';
import { TcpListener } from './tcp.ts';
import type { Flow, ListenerOptions, Target, Transports } from './transport.ts';
import { UdpListener } from './udp.ts';

type Listener = UdpListener | TcpListener;
type Resolved = (addresses: Result<readonly string[], Error>) => void;

/** The listeners of one server, and the way from a target to a flow. */
export class TransportLayer implements Transports {
  readonly #listeners: Listener[] = [];
  readonly #waiting = new Map<string, Resolved[]>();
  #closed = false;

  /** Opens every listener or none. @throws GatewayError SIP_SERVER_LISTEN */
  static async open(listen: readonly ListenOptions[], shared: ListenerOptions): Promise<TransportLayer> {
    const layer = new TransportLayer();
    try {
      for (const options of listen) {
        layer.#listeners.push(
          await (options.protocol === 'tcp' ? TcpListener : UdpListener).open(options, shared),
        );
      }
    } catch (error) {
      await layer.close();
      throw error;
    }
    return layer;
  }

  get contacts(): readonly SipContact[] {
    return this.#listeners.map((listener) => listener.contact);
  }

  anyFlow(): Flow {
    return this.#listeners[0]!.idleFlow();
  }

  open(target: Target, done: (flow: Result<Flow, Error>) => void): void {
    if (isIP(target.host) !== 0) {
      done(this.#flow(target, [target.host]));
      return;
    }
    this.#resolve(target.host, (addresses) => {
      if (this.#closed) return;
      done(addresses.ok ? this.#flow(target, addresses.value) : addresses);
    });
  }

  #flow(target: Target, addresses: readonly string[]): Result<Flow, Error> {
    for (const address of addresses) {
      const fitting = this.#listeners.filter(
        ({ contact, isIPv6: six }) => contact.protocol === target.protocol && six === isIPv6(address),
      );
      const preferred = fitting.find(
        ({ contact }) =>
          contact.port === target.prefer?.bound.port && contact.address === target.prefer.bound.address,
      );
      const listener = preferred ?? fitting[0];
      if (!listener) continue;
      const { prefer } = target;
      // A peer behind NAT can be reached on the connection it made, and on no other.
      const reuse =
        listener instanceof TcpListener && prefer?.protocol === 'tcp' && prefer.remote.address === address;
      if (reuse && listener.isOpen(prefer.remote)) return ok(listener.flow(prefer.remote));
      return ok(listener.flow({ address, port: target.port }));
    }
    return err(new Error(`No listener for ${target.protocol} to ${addresses.join(', ')}`));
  }

  /** Look-ups of one host are joined, so that requests to it leave in the order they were made. */
  #resolve(host: string, done: Resolved): void {
    const waiting = this.#waiting.get(host);
    if (waiting) {
      waiting.push(done);
      return;
    }
    this.#waiting.set(host, [done]);
    lookup(host, { all: true, order: 'ipv4first' }, (error, found) => {
      const all = this.#waiting.get(host) ?? [];
      this.#waiting.delete(host);
      const result: Result<readonly string[], Error> = error
        ? err(error)
        : ok(found.map(({ address }) => address));
      for (const each of all) each(result);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
  }
}
