import type { Clock } from '../../shared/clock.ts';
import { parseSipUri } from '../grammar/uri.ts';
import { T1x64, Timers } from '../transaction/timers.ts';
import { defaultPort, type Flow, type Target } from '../transport/transport.ts';

/**
 * Who challenged which call. drachtio-srf sends the request with credentials to the address that the challenge came
 * from, but forgets by which transport, and as which domain that server had proved itself.
 */
export class Challenges {
  readonly #flows = new Map<string, Flow>();
  readonly #timers: Timers;

  constructor(clock: Clock) {
    this.#timers = new Timers(clock);
  }

  add(callId: string, flow: Flow): void {
    this.#flows.set(callId, flow);
    this.#timers.set(callId, T1x64, () => this.#flows.delete(callId));
  }

  /** The target of a request; that of an answer to a challenge on the way that the challenge came. */
  pin(target: Target, callId: string | undefined, uri: string): Target {
    const flow = callId === undefined ? undefined : this.#flows.get(callId);
    if (!flow || target.host !== flow.remote.address) return target;
    if ((target.port ?? defaultPort(flow.protocol)) !== flow.remote.port) return target;
    if ((target.protocol ?? flow.protocol) !== flow.protocol) return target;
    const domain = parseSipUri(uri)?.host ?? target.host;
    return { ...target, silent: flow.protocol, prefer: flow, domain };
  }

  close(): void {
    this.#timers.clearAll();
    this.#flows.clear();
  }
}
