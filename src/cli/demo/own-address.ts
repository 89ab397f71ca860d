import { networkInterfaces } from 'node:os';

/** The first IPv4 address of this machine that others can reach; loopback where there is none. */
export function ownAddress(): string {
  const own = Object.values(networkInterfaces()).flat();
  return own.find((entry) => entry && !entry.internal && entry.family === 'IPv4')?.address ?? '127.0.0.1';
}
