import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { networkInterfaces } from 'node:os';

/** IPv4 inside IPv6 (RFC 4291 section 2.5.5.2): the bytes before the four of the address. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] as const;

export interface IpAddress {
  /** 16 bytes; IPv4 in its mapped form. */
  readonly bytes: Uint8Array;
  /** Index of the link that a link-local address is on, else 0 (RFC 4007). */
  readonly scope: number;
}

/** Reads an IP literal, with `%zone` (name or index of an interface); undefined when it is none. */
export function parseIp(text: string): IpAddress | undefined {
  const bytes = new Uint8Array(16);
  if (isIPv4(text)) {
    bytes.set(MAPPED);
    bytes.set(text.split('.').map(Number), 12);
    return { bytes, scope: 0 };
  }
  if (!isIPv6(text)) return undefined;
  const [literal = '', zone] = text.split('%');
  // Canonical text has no dotted part but in a mapped address.
  const { address } = new SocketAddress({ address: literal, family: 'ipv6' });
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = dotted ? `${dotted[1]}${word(dotted[2], dotted[3])}:${word(dotted[4], dotted[5])}` : address;
  const [head = '', tail = ''] = hex.split('::');
  const left = groups(head);
  const right = hex.includes('::') ? groups(tail) : [];
  for (const [i, group] of left.entries()) put(bytes, i, group);
  for (const [i, group] of right.entries()) put(bytes, 8 - right.length + i, group);
  return { bytes, scope: zone === undefined ? 0 : scopeOf(zone) };
}

/** As Node writes it: IPv4 for a mapped address, the zone's name behind a link-local one. */
export function formatIp({ bytes, scope }: IpAddress): string {
  if (isMapped(bytes)) return bytes.subarray(12).join('.');
  const text = Array.from({ length: 8 }, (_, i) => word(bytes[i * 2], bytes[i * 2 + 1])).join(':');
  const { address } = new SocketAddress({ address: text, family: 'ipv6' });
  return scope === 0 ? address : `${address}%${zoneOf(scope)}`;
}

export function isMapped(bytes: Uint8Array): boolean {
  return MAPPED.every((byte, i) => bytes[i] === byte);
}

function word(high: string | number | undefined, low: string | number | undefined): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}

function groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

function put(bytes: Uint8Array, group: number, value: number): void {
  bytes[group * 2] = value >>> 8;
  bytes[group * 2 + 1] = value;
}

function scopeOf(zone: string): number {
  if (/^\d+$/.test(zone)) return Number(zone);
  for (const entry of networkInterfaces()[zone] ?? [])
    if (entry.family === 'IPv6' && entry.scopeid) return entry.scopeid;
  return 0;
}

function zoneOf(scope: number): string {
  for (const [name, entries] of Object.entries(networkInterfaces())) {
    if (entries?.some((entry) => entry.family === 'IPv6' && entry.scopeid === scope)) return name;
  }
  return String(scope);
}
