import { BlockList, isIP } from 'node:net';
import { GatewayError } from '../../shared/error.ts';
import { isLoopback } from '../transport/address.ts';
import type { ListenOptions } from '../types.ts';

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Who may talk to us: the listed addresses and networks, or loopback when nothing is listed. */
export class Peers {
  readonly #list = new BlockList();
  readonly #loopbackOnly: boolean;

  /** @throws GatewayError SIP_SERVER_OPTIONS, SIP_SERVER_ALLOW_MISSING */
  constructor(allow: readonly string[], listen: readonly ListenOptions[]) {
    this.#loopbackOnly = allow.length === 0;
    const open = listen.find(({ address }) => !isLoopback(address));
    if (this.#loopbackOnly && open) {
      throw new GatewayError('SIP_SERVER_ALLOW_MISSING', undefined, { address: open.address });
    }
    for (const entry of allow) {
      const [address = '', prefix] = entry.split('/');
      const bits = isIP(address) === 6 ? 128 : 32;
      const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
      if (isIP(address) === 0 || length < 0 || length > bits) {
        throw new GatewayError(
          'SIP_SERVER_OPTIONS',
          `allow: "${entry}" is neither an IP address nor a network`,
          { allow: entry },
        );
      }
      this.#list.addSubnet(address, length, family(address));
    }
  }

  has(address: string): boolean {
    return this.#loopbackOnly ? isLoopback(address) : this.#list.check(address, family(address));
  }
}
