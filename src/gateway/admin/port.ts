import type { GatewayConfig } from '../../config/index.ts';
import type { HttpOptions } from '../../http/index.ts';

/** Where the admin port listens, and whom it lets in. */
export function adminPort({
  listen,
  socket,
  tls,
  tokens,
  requestsPerSecond,
}: GatewayConfig['admin']): Pick<
  HttpOptions['admin'],
  'address' | 'port' | 'socket' | 'tls' | 'tokens' | 'requestsPerSecond'
> {
  return {
    ...listen,
    socket: socket && { path: socket.path, mode: Number.parseInt(socket.mode, 8) },
    tls,
    tokens: () => tokens,
    requestsPerSecond,
  };
}
