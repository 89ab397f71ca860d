import { GatewayError } from '../../shared/error.ts';
import type { ListenOptions } from '../types.ts';

/** SIP_SERVER_LISTEN for a listener that could not be bound. */
export function listenError(options: ListenOptions, cause: Error): GatewayError {
  const at = `${options.protocol}/${options.address}:${options.port}`;
  return new GatewayError('SIP_SERVER_LISTEN', `Cannot listen on ${at}: ${cause.message}`, { at }, { cause });
}
