import { lookup } from 'node:dns';
import { isIP, isIPv6 } from 'node:net';
import { err, ok, type Result } from '../../shared/result.ts';
import type { ListenOptions, SipContact } from '../types.ts';
import { StreamListener } from './stream-listener.ts';
import { tcpKind } from './tcp.ts';
import { TlsKind } from './tls.ts';
import type { Flow, ListenerOptions, Target, Transports } from './transport.ts';
import { UdpListener } from './udp.ts';

type Listener = UdpListener | StreamListener;
type Resolved = (addresses: Result<readonly string[], Error>) => void;

/** The listeners of one server, and the way from a target to a flow. */
export class TransportLayer implements Transports {
  readonly #listeners: Listener[] = [];
  readonly #tls: TlsKind[] = [];
  readonly #waiting = new Map<string, Resolved[]>();
  #closed = false;

  /** Opens every listener or none. @throws GatewayError SIP_SERVER_LISTEN, SIP_SERVER_TLS */
  static async open(listen: readonly ListenOptions[], shared: ListenerOptions): Promise<TransportLayer> {
    const layer = new TransportLayer();
    try {
      for (const options of listen) {
        layer.#listeners.push(await layer.#listen(options, shared));
      }
    } catch (error) {
      await layer.close();
      throw error;
    }
    return layer;
  }

  async #listen(options: ListenOptions, shared: ListenerOptions): Promise<Listener> {
    if (options.protocol === 'udp') return UdpListener.open(options, shared);
    if (options.protocol === 'tcp') return StreamListener.open(options, tcpKind, shared);
    const kind = await TlsKind.load(options.tls ?? { certificates: [] });
    this.#tls.push(kind);
    return StreamListener.open(options, kind, shared);
  }

  /** All TLS listeners take what their files hold now, or none does. @throws GatewayError SIP_SERVER_TLS */
  async reload(): Promise<void> {
    const prepared = await Promise.all(this.#tls.map((kind) => kind.prepare()));
    for (const apply of prepared) apply();
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
    const { prefer } = target;
    for (const address of addresses) {
      const fitting = this.#listeners.filter(
        ({ contact, isIPv6: six }) => contact.protocol === target.protocol && six === isIPv6(address),
      );
      const preferred = fitting.find(
        ({ contact }) => contact.port === prefer?.bound.port && contact.address === prefer.bound.address,
      );
      const listener = preferred ?? fitting[0];
      if (!listener) continue;
      // A peer behind NAT can be reached on the connection it made, and on no other.
      if (preferred && prefer?.reliable && prefer.remote.address === address && prefer.isOpen())
        return ok(prefer);
      const remote = { address, port: target.port };
      return ok(
        listener instanceof StreamListener
          ? listener.flow(remote, target.domain ?? target.host)
          : listener.flow(remote),
      );
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
