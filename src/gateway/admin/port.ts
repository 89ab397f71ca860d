import type { GatewayConfig } from '../../config/index.ts';
import type { HttpOptions } from '../../http/index.ts';

/** Where the admin port listens, and whom it lets in. */
export function adminPort(
  { listen, socket, tls, requestsPerSecond }: GatewayConfig['admin'],
  tokens: () => GatewayConfig['admin']['tokens'],
): Pick<HttpOptions['admin'], 'address' | 'port' | 'socket' | 'tls' | 'tokens' | 'requestsPerSecond'> {
  return {
    ...listen,
    socket: socket && { path: socket.path, mode: Number.parseInt(socket.mode, 8) },
    tls,
    // Those in effect: one that is taken away is refused at once.
    tokens,
    requestsPerSecond,
  };
}
