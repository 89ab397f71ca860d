import type { Result } from '../../shared/result.ts';
import type { Flow } from '../transport/transport.ts';
import type { WireRequest } from './wire-request.ts';

/** RFC 3261 18.1.1: what is larger may not fit a path whose MTU nobody knows. Bytes. */
export const MAX_UDP_REQUEST = 1300;

/**
 * Builds a request for the flow; one too large for UDP for a TCP flow to the same place, if there is one. Calls back
 * at once unless it has to wait for a connection.
 */
export function buildFitting<T extends WireRequest>(
  flow: Flow,
  build: (flow: Flow) => Result<T, string>,
  done: (built: Result<T, string>) => void,
): void {
  const built = build(flow);
  if (!built.ok || built.value.bytes.length <= MAX_UDP_REQUEST || !flow.overStream) done(built);
  else flow.overStream((stream) => done(stream ? build(stream) : built));
}
