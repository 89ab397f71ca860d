import { isIP, SocketAddress } from 'node:net';

/** The 4 or 16 octets of an IP literal, zone left out; four zeros for what is none. */
export function ipOctets(address: string): Buffer {
  const plain = address.split('%', 1)[0] ?? '';
  if (isIP(plain) === 4) return Buffer.from(plain.split('.').map(Number));
  if (isIP(plain) === 6) return sixOctets(plain);
  return Buffer.alloc(4);
}

/** Its 16 octets; IPv4 is mapped (RFC 4291 section 2.5.5.2). */
export function ip6Octets(address: string): Buffer {
  const octets = ipOctets(address);
  return octets.length === 16 ? octets : Buffer.concat([Buffer.alloc(10), Buffer.of(0xff, 0xff), octets]);
}

function sixOctets(address: string): Buffer {
  // Dotted ends (::ffff:192.0.2.1) are written out as groups.
  const groups = new SocketAddress({ address, family: 'ipv6' }).address.replace(
    /(\d+)\.(\d+)\.(\d+)\.(\d+)$/,
    (_, ...four: string[]) => {
      const [a = 0, b = 0, c = 0, d = 0] = four.slice(0, 4).map(Number);
      return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
    },
  );
  const [before = '', after] = groups.split('::');
  const list = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [head, tail] = [list(before), list(after ?? '')];
  const zeros = after === undefined ? [] : Array<string>(8 - head.length - tail.length).fill('0');
  const bytes = Buffer.alloc(16);
  [...head, ...zeros, ...tail].forEach((group, i) => {
    bytes.writeUInt16BE(Number.parseInt(group, 16), i * 2);
  });
  return bytes;
}
