import { BlockList, isIP } from 'node:net';
import { GatewayError } from '../../shared/error.ts';
import { isLoopback } from '../transport/address.ts';

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** IP addresses and networks. */
export class AddressList {
  readonly #list = new BlockList();
  readonly size: number;

  /** @throws GatewayError SIP_SERVER_OPTIONS naming `option` */
  constructor(entries: readonly string[], option: string) {
    this.size = entries.length;
    for (const entry of entries) {
      const [address = '', prefix] = entry.split('/');
      const bits = isIP(address) === 6 ? 128 : 32;
      const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
      if (isIP(address) === 0 || length < 0 || length > bits) {
        throw new GatewayError(
          'SIP_SERVER_OPTIONS',
          `${option}: "${entry}" is neither an IP address nor a network`,
          { [option]: entry },
        );
      }
      this.#list.addSubnet(address, length, family(address));
    }
  }

  has(address: string): boolean {
    return this.#list.check(address, family(address));
  }
}

/** Who may talk to a listener: the listed addresses and networks, or loopback when nothing is listed. */
export class Peers {
  readonly #list: AddressList;

  /** @throws GatewayError SIP_SERVER_OPTIONS */
  constructor(allow: readonly string[]) {
    this.#list = new AddressList(allow, 'allow');
  }

  /** @throws GatewayError SIP_SERVER_ALLOW_MISSING when a public listener has no list */
  checkListener(address: string): void {
    if (this.#list.size === 0 && !isLoopback(address)) {
      throw new GatewayError('SIP_SERVER_ALLOW_MISSING', undefined, { address });
    }
  }

  has(address: string): boolean {
    return this.#list.size === 0 ? isLoopback(address) : this.#list.has(address);
  }
}
