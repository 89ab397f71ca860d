import { isIPv6 } from 'node:net';
import { mayName } from '../../shared/addresses.ts';
import type { TimerHandle } from '../../shared/clock.ts';
import { err, ok, type Result } from '../../shared/result.ts';
import type { ListenOptions, Protocol, SipContact } from '../types.ts';
import type { OwnCertificate } from './certificate-watch.ts';
import { arrange, type Hop, literal, locate, type Means } from './dns/locate.ts';
import { LocationCache } from './dns/location-cache.ts';
import type { Resolver } from './dns/resolver.ts';
import { StreamListener } from './stream-listener.ts';
import { tcpKind } from './tcp.ts';
import { TlsKind } from './tls.ts';
import { type Flow, type ListenerOptions, MisledError, type Target, type Transports } from './transport.ts';
import { UdpListener } from './udp.ts';
import { Unreachable } from './unreachable.ts';

type Listener = UdpListener | StreamListener;

export interface LayerOptions extends ListenerOptions {
  readonly resolver: Resolver;
  /** In [0, 1); draws between SRV records. */
  readonly random: () => number;
}

/** A request too large for UDP waits so long for a TCP connection, then goes by UDP all the same. ms. */
const OVER_STREAM_MS = 2_000;

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');

/** The listeners of one server, and the way from a target to a flow (RFC 3261 18, RFC 3263). */
export class TransportLayer implements Transports {
  readonly #listeners: Listener[] = [];
  readonly #tls: TlsKind[] = [];
  readonly #options: LayerOptions;
  readonly #locations: LocationCache;
  readonly #unreachable: Unreachable;
  readonly #timers = new Set<TimerHandle>();
  #closed = false;

  private constructor(options: LayerOptions) {
    this.#options = options;
    this.#unreachable = new Unreachable(options.clock);
    this.#locations = new LocationCache(options.clock, (target) =>
      locate(target, this.#means(), options.resolver),
    );
  }

  /** Opens every listener or none. @throws GatewayError SIP_SERVER_LISTEN, SIP_SERVER_TLS */
  static async open(listen: readonly ListenOptions[], options: LayerOptions): Promise<TransportLayer> {
    const layer = new TransportLayer(options);
    try {
      for (const each of listen) layer.#listeners.push(await layer.#listen(each));
    } catch (error) {
      await layer.close();
      throw error;
    }
    return layer;
  }

  async #listen(listen: ListenOptions): Promise<Listener> {
    const options = { ...this.#options, own: this.#options.own.withExternal(listen.externalAddress) };
    if (listen.protocol === 'udp') return UdpListener.open(listen, options);
    if (listen.protocol === 'tcp') return StreamListener.open(listen, tcpKind, options);
    const kind = await TlsKind.load(listen.tls ?? { certificates: [] });
    this.#tls.push(kind);
    return StreamListener.open(listen, kind, options);
  }

  /** All TLS listeners take what their files hold now, or none does. @throws GatewayError SIP_SERVER_TLS */
  async reload(): Promise<void> {
    const prepared = await Promise.all(this.#tls.map((kind) => kind.prepare()));
    for (const apply of prepared) apply();
  }

  get certificates(): readonly OwnCertificate[] {
    return this.#tls.flatMap(({ certificates }) => certificates);
  }

  get contacts(): readonly SipContact[] {
    return this.#listeners.map((listener) => listener.contact);
  }

  /** Listening sockets, connections and look-ups that are open; for leak tests. */
  dump(): { listeners: number; connections: number; lookups: number } {
    const streams = this.#listeners.filter((each) => each instanceof StreamListener);
    return {
      listeners: this.#listeners.length,
      connections: streams.reduce((sum, { size }) => sum + size, 0),
      lookups: this.#locations.pending,
    };
  }

  anyFlow(): Flow {
    return this.#listeners[0]!.idleFlow();
  }

  open(target: Target, done: (flow: Result<Flow, Error>) => void): void {
    if (this.#closed) return;
    const hop = literal(target);
    if (hop) {
      done(this.#way(target, [hop]));
      return;
    }
    this.#locations.find(target, (located) => {
      if (!located.ok) done(located);
      else done(this.#way(target, this.#unreachable.sort(arrange(located.value, this.#options.random))));
    });
  }

  /** The first hop that can be taken, and the way to the others. */
  #way(target: Target, hops: readonly Hop[]): Result<Flow, Error> {
    const { namedBy } = target;
    let misled = false;
    for (const [at, hop] of hops.entries()) {
      if (namedBy !== undefined && !mayName(namedBy, hop.address)) {
        misled = true;
        this.#options.onMisled?.(namedBy, hop.address);
        continue;
      }
      const flow = this.#flow(target, hop);
      if (!flow) continue;
      const rest = hops.slice(at + 1);
      const next = (avoidMs?: number): Flow | undefined => {
        this.#unreachable.add(hop, avoidMs);
        const way = this.#way(target, rest);
        return way.ok ? way.value : undefined;
      };
      const overStream = this.#overStream(target, hop, next);
      // A flow that is used again keeps nothing of the target it was opened for.
      const { next: _next, overStream: _over, ...plain } = flow;
      return ok({ ...plain, ...(rest.length > 0 && { next }), ...(overStream && { overStream }) });
    }
    const places = hops.map(({ protocol, address }) => `${protocol} ${address}`).join(', ');
    if (misled) return err(new MisledError(`${namedBy} may not point at ${places}`));
    return err(
      new Error(places === '' ? `${target.host} has no address for us` : `No listener for ${places}`),
    );
  }

  #listener(hop: Hop, prefer: Flow | undefined): { listener: Listener; preferred: boolean } | undefined {
    const fitting = this.#listeners.filter(
      ({ contact, isIPv6: six }) => contact.protocol === hop.protocol && six === isIPv6(hop.address),
    );
    const same = fitting.find(
      ({ contact }) => contact.port === prefer?.bound.port && contact.address === prefer.bound.address,
    );
    // Neither end of loopback reaches beyond it.
    const near = fitting.find(({ contact }) => isLoopback(contact.address) === isLoopback(hop.address));
    const listener = same ?? near ?? fitting[0];
    return listener && { listener, preferred: same !== undefined };
  }

  #flow(target: Target, hop: Hop): Flow | undefined {
    const { prefer } = target;
    const found = this.#listener(hop, prefer);
    if (!found) return undefined;
    // A peer behind NAT can be reached on the connection it made, and on no other; one that listens is where it says.
    const same = found.preferred && prefer?.reliable && prefer.protocol === hop.protocol;
    const there = same && prefer.remote.address === hop.address && prefer.isOpen();
    if (there && (!prefer.isOurs || prefer.remote.port === hop.port)) return prefer;
    const remote = { address: hop.address, port: hop.port };
    return found.listener instanceof StreamListener
      ? found.listener.flow(remote, target.domain ?? target.host)
      : found.listener.flow(remote);
  }

  /** RFC 3261 18.1.1, for targets that leave the transport to us. */
  #overStream(target: Target, hop: Hop, next: Flow['next']): Flow['overStream'] {
    const tcp: Hop = { ...hop, protocol: 'tcp' };
    const free = hop.protocol === 'udp' && target.protocol === undefined;
    if (!free || !this.#listener(tcp, undefined)) return undefined;
    return (done) => {
      const flow = this.#unreachable.has(tcp) ? undefined : this.#flow(target, tcp);
      if (!flow?.whenReady) {
        done(undefined);
        return;
      }
      let waiting = true;
      const settle = (failed: boolean): void => {
        if (!waiting || this.#closed) return;
        waiting = false;
        timer.clear();
        this.#timers.delete(timer);
        if (failed) this.#unreachable.add(tcp);
        done(failed ? undefined : { ...flow, ...(next && { next }) });
      };
      const timer = this.#options.clock.after(OVER_STREAM_MS, () => settle(true));
      this.#timers.add(timer);
      flow.whenReady((error) => settle(error !== undefined));
    };
  }

  #means(): Means {
    const means = new Map<Protocol, Set<4 | 6>>();
    for (const { contact, isIPv6: six } of this.#listeners) {
      const families = means.get(contact.protocol) ?? new Set();
      means.set(contact.protocol, families.add(six ? 6 : 4));
    }
    return means;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#locations.close();
    this.#options.resolver.close();
    for (const timer of this.#timers) timer.clear();
    this.#timers.clear();
    await Promise.all(this.#listeners.splice(0).map((listener) => listener.close()));
  }
}
