import type { Clock } from '../../shared/clock.ts';
import { parseSipUri } from '../grammar/uri.ts';
import { T1x64 } from '../transaction/timers.ts';
import { defaultPort, type Flow, type Target } from '../transport/transport.ts';

/**
 * Who challenged which call. drachtio-srf sends the request with credentials to the address that the challenge came
 * from, but forgets by which transport, and as which domain that server had proved itself.
 */
export class Challenges {
  /** Oldest first. */
  readonly #ways = new Map<string, { readonly flow: Flow; readonly until: number }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(callId: string, flow: Flow): void {
    const now = this.#clock.monotonic();
    for (const [oldest, { until }] of this.#ways) {
      if (until > now) break;
      this.#ways.delete(oldest);
    }
    this.#ways.delete(callId);
    this.#ways.set(callId, { flow, until: now + T1x64 });
  }

  /** The target of a request; that of an answer to a challenge on the way that the challenge came. */
  pin(target: Target, callId: string | undefined, uri: string): Target {
    const flow = callId === undefined ? undefined : this.#ways.get(callId)?.flow;
    if (!flow || target.host !== flow.remote.address) return target;
    if ((target.port ?? defaultPort(flow.protocol)) !== flow.remote.port) return target;
    if ((target.protocol ?? flow.protocol) !== flow.protocol) return target;
    const domain = parseSipUri(uri)?.host ?? target.host;
    return { ...target, silent: flow.protocol, prefer: flow, domain };
  }
}
