import { isIP } from 'node:net';

/** Whether an address, as it is written in a configuration, reaches this machine only (RFC 1122 3.2.1.3, RFC 4291 2.5.3). */
export function isLoopback(address: string): boolean {
  // Names such as 127.0.0.1.example.org are somebody else's.
  return isIP(address) !== 0 && (address === '::1' || /^(::ffff:)?127\./i.test(address));
}
