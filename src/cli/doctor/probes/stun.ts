import { randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Endpoint, StunFact } from '../facts.ts';

const COOKIE = 0x2112a442;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const MAPPED_ADDRESS = 0x0001;
const XOR_MAPPED_ADDRESS = 0x0020;
/** RFC 8489 6.2.1 begins at 500 ms; here somebody waits. ms */
const REPEAT_MS = 400;
const DEFAULT_PORT = 3478;

/** A Binding request (RFC 8489). `transaction`: 12 bytes. */
export function bindingRequest(transaction: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(BINDING_REQUEST, 0);
  header.writeUInt32BE(COOKIE, 4);
  return Buffer.concat([header, transaction]);
}

/** The address that a Binding response tells; undefined: it is none, or not of this request. */
export function mappedOf(message: Buffer, transaction: Buffer): Endpoint | undefined {
  if (message.length < 20 || message.readUInt16BE(0) !== BINDING_SUCCESS) return undefined;
  if (!message.subarray(8, 20).equals(transaction)) return undefined;
  const end = Math.min(message.length, 20 + message.readUInt16BE(2));
  let plain: Endpoint | undefined;
  for (let at = 20; at + 4 <= end; ) {
    const [type, length] = [message.readUInt16BE(at), message.readUInt16BE(at + 2)];
    const value = message.subarray(at + 4, Math.min(end, at + 4 + length));
    if (type === XOR_MAPPED_ADDRESS) return endpointOf(value, message.subarray(4, 20));
    if (type === MAPPED_ADDRESS) plain = endpointOf(value, Buffer.alloc(16));
    at += 4 + length + ((4 - (length % 4)) % 4);
  }
  return plain;
}

/** RFC 8489 14.1 and 14.2. `mask`: 16 bytes; nothing for MAPPED-ADDRESS. */
function endpointOf(value: Buffer, mask: Buffer): Endpoint | undefined {
  const size = { 1: 4, 2: 16 }[value[1] ?? 0];
  if (size === undefined || value.length < 4 + size) return undefined;
  const port = value.readUInt16BE(2) ^ mask.readUInt16BE(0);
  const bytes = Buffer.from(value.subarray(4, 4 + size).map((byte, i) => byte ^ (mask[i] ?? 0)));
  if (size === 4) return { address: bytes.join('.'), port };
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16));
  return { address: new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1), port };
}

export interface StunProbe {
  /** `host[:port]` or `[v6]:port`. */
  readonly server: string;
  readonly bindAddress?: string | undefined;
  /** Of the ports of the calls: what the firewall lets through. */
  readonly ports: readonly number[];
  readonly timeoutMs: number;
}

/** Asks where a packet from one of our ports seems to come from. Never rejects. */
export async function askStun({ server, bindAddress, ports, timeoutMs }: StunProbe): Promise<StunFact> {
  const { host, port } = placeOf(server);
  const nowhere = { server, local: { address: bindAddress ?? '0.0.0.0', port: 0 }, own: [] };
  const family = bindAddress !== undefined && isIPv6(bindAddress) ? 6 : 4;
  let address: string;
  try {
    address = isIP(host) === 0 ? (await lookup(host, family)).address : host;
  } catch (error) {
    return { ...nowhere, error: `its name is not found (${codeOf(error)})` };
  }
  for (const local of ports) {
    const asked = await ask(address, port, bindAddress, local, timeoutMs);
    if (asked.error === 'EADDRINUSE') continue;
    const own = Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .map((each) => each.address);
    return { server, own, ...asked };
  }
  return { ...nowhere, error: 'none of the ports tried is free' };
}

type Asked = Pick<StunFact, 'local' | 'mapped' | 'error'>;

function ask(
  address: string,
  port: number,
  bindAddress: string | undefined,
  localPort: number,
  timeoutMs: number,
): Promise<Asked> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  const transaction = randomBytes(12);
  const local = { address: bindAddress ?? (isIPv6(address) ? '::' : '0.0.0.0'), port: localPort };
  return new Promise((resolve) => {
    let again: NodeJS.Timeout | undefined;
    const end = (asked: Omit<Asked, 'local'>): void => {
      clearInterval(again);
      clearTimeout(late);
      socket.removeAllListeners();
      // The system may still tell an error of a packet that is on its way.
      socket.on('error', () => undefined);
      socket.close();
      resolve({ local, ...asked });
    };
    const late = setTimeout(() => end({ error: `no answer within ${timeoutMs / 1_000} s` }), timeoutMs);
    socket.on('error', (error) => end({ error: codeOf(error) }));
    socket.on('message', (message: Buffer, _from: RemoteInfo) => {
      const mapped = mappedOf(message, transaction);
      if (mapped) end({ mapped });
    });
    socket.bind(
      { port: localPort, exclusive: true, ...(bindAddress === undefined ? {} : { address: bindAddress }) },
      () => {
        const send = (): void => socket.send(bindingRequest(transaction), port, address);
        again = setInterval(send, REPEAT_MS);
        send();
      },
    );
  });
}

function placeOf(server: string): { readonly host: string; readonly port: number } {
  const [, v6, name = server, port] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(server) ?? [];
  return { host: v6 ?? name, port: Number(port ?? DEFAULT_PORT) };
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);
