import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { DatagramPortOptions } from '../../shared/datagram.ts';

/** Binds a socket of Node's; rejects with the system's error. Errors after that are the caller's to listen for. */
export function bindSocket(options: DatagramPortOptions): Promise<Socket> {
  const { address, port, ipv6Only = false } = options;
  const socket = isIPv6(address)
    ? createSocket({ type: 'udp6', ipv6Only, lookup: literal })
    : createSocket({ type: 'udp4', lookup: literal });
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once('error', refuse);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.off('error', refuse);
      resolve(socket);
    });
  });
}

/**
 * Addresses are always literals here, so nothing is looked up: with this, `send` reaches the system call within
 * the call instead of a tick later.
 */
function literal(
  address: string,
  _family: unknown,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  done(null, address, isIPv6(address) ? 6 : 4);
}
