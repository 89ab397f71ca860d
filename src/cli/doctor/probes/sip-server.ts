import { connect } from 'node:net';
import type { GatewayConfig } from '../../../config/index.ts';
import type { ReachFact } from '../facts.ts';
import { reasonOf } from './reason.ts';

/** Connects to a drachtio-server and says nothing. Never rejects. */
export function probeSipServer(
  { host, port }: Exclude<GatewayConfig['sip']['server'], 'embedded'>,
  timeoutMs: number,
): Promise<ReachFact> {
  const where = `${host}:${port}`;
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const end = (error?: string): void => {
      socket.destroy();
      resolve({ where, ...(error === undefined ? {} : { error }) });
    };
    socket.once('connect', () => end());
    socket.once('timeout', () => end('no answer in time'));
    socket.once('error', (error) => end(reasonOf(error)));
  });
}
