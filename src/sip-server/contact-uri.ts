import { isIP } from 'node:net';
import { err, ok, type Result } from '../shared/result.ts';
import type { ListenOptions, Protocol } from './types.ts';

const PROTOCOLS = ['udp', 'tcp', 'tls'] as const satisfies readonly Protocol[];
const isProtocol = (text: string): text is Protocol => (PROTOCOLS as readonly string[]).includes(text);

const CONTACT = /^(sips?):(?:\[([^\]]*)\]|([^:;@[\]]+))(?::(\d{1,5}))?(;.*)?$/i;
const TRANSPORT = /^;transport=([^;]*)$/i;

/**
 * The listeners that a contact means, as drachtio-server's `--contact` writes them: `sip:*;transport=udp,tcp`,
 * `sip:192.0.2.1:5060;transport=udp`, `sips:[2001:db8::1]`. `*` is every IPv4 address of this machine; without
 * `transport` it is UDP and TCP, for `sips` TLS; the port is 5060, for TLS 5061, unless given (0: any free one).
 * The error says what is wrong with it.
 */
export function parseContactUri(text: string): Result<ListenOptions[], string> {
  const [, scheme = '', bracketed, plain = '', portText, params = ''] = CONTACT.exec(text) ?? [];
  if (scheme === '') return err('is no contact; write it like sip:192.0.2.1:5060;transport=udp,tcp');
  const address = plain === '*' ? '0.0.0.0' : (bracketed ?? plain);
  if (isIP(address) === 0) return err(`"${address}" is neither an IP address of this machine nor *`);
  const secure = scheme.toLowerCase() === 'sips';
  const [, transports = secure ? 'tls' : 'udp,tcp'] = TRANSPORT.exec(params) ?? [];
  if (params !== '' && !TRANSPORT.test(params)) return err('may have no parameter but transport');
  const listen: ListenOptions[] = [];
  for (const protocol of transports.toLowerCase().split(',')) {
    if (!isProtocol(protocol)) return err(`transport "${protocol}" is none of ${PROTOCOLS.join(', ')}`);
    if (secure && protocol !== 'tls') return err(`sips is served by tls, not by ${protocol}`);
    const port = portText === undefined ? (protocol === 'tls' ? 5061 : 5060) : Number(portText);
    listen.push({ protocol, address, port });
  }
  return ok(listen);
}
