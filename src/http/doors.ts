import type { Server, Socket } from 'node:net';
import { sourceOf } from './rate-limit.ts';

/** The ports. */
export type Door = 'webhook' | 'admin';
/** Why somebody was not let in; each is a label of `msgw_http_refused_total`. */
export type HttpRefusal =
  | 'connections'
  | 'source'
  | 'signature'
  | 'handshake'
  | 'too-large'
  | 'busy'
  | 'token'
  | 'scope'
  | 'rate'
  | 'web-page';

/** How many were turned away, by port and reason: as many numbers as there are reasons, whoever comes. */
export class HttpRefusals {
  readonly #counts = new Map<string, { readonly port: Door; readonly reason: HttpRefusal; count: number }>();

  add(port: Door, reason: HttpRefusal): void {
    const key = `${port} ${reason}`;
    const entry = this.#counts.get(key) ?? { port, reason, count: 0 };
    this.#counts.set(key, entry);
    entry.count += 1;
  }

  /** Since the start. */
  get counts(): readonly { readonly port: Door; readonly reason: HttpRefusal; readonly count: number }[] {
    return [...this.#counts.values()];
  }
}

/**
 * Bounds the connections of a port, and those of one source among them (an IPv6 host owns its /64), so that a stranger
 * who holds many leaves room for the others.
 */
export function guardConnections(
  server: Server,
  limits: { readonly maxConnections: number; readonly maxConnectionsPerSource: number },
  refused: (reason: 'connections' | 'source') => void,
): void {
  const open = new Map<string, number>();
  server.maxConnections = limits.maxConnections;
  server.on('drop', () => refused('connections'));
  server.prependListener('connection', (socket: Socket) => {
    // A Unix socket has no address: its mode says who may come.
    if (socket.remoteAddress === undefined) return;
    const source = sourceOf(socket.remoteAddress);
    const held = (open.get(source) ?? 0) + 1;
    if (held > limits.maxConnectionsPerSource) {
      refused('source');
      socket.destroy();
      return;
    }
    open.set(source, held);
    socket.once('close', () => {
      const left = (open.get(source) ?? 1) - 1;
      if (left > 0) open.set(source, left);
      else open.delete(source);
    });
  });
}
