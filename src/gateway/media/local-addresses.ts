import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { GatewayError } from '../../shared/error.ts';
import type { WorkerOptions } from './protocol.ts';

/**
 * Whether this machine has the addresses that calls bind their media to. Rejects with GATEWAY_MEDIA_ADDRESS: a gateway
 * that started with another one would be ready, and fail every call.
 */
export async function checkMediaAddresses({
  rtp,
  webrtc,
}: Pick<WorkerOptions, 'rtp' | 'webrtc'>): Promise<void> {
  await check('rtp.address', rtp.address);
  if (webrtc.bindAddress) await check('webrtc.bindAddress', webrtc.bindAddress);
}

async function check(key: string, address: string): Promise<void> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  try {
    await once(socket.bind(0, address), 'listening');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError(
      'GATEWAY_MEDIA_ADDRESS',
      `${key}: ${address} cannot be bound: ${reason}`,
      { key, address },
      { cause },
    );
  } finally {
    socket.close();
  }
}
