import { createSocket } from 'node:dgram';
import { createServer, isIPv6 } from 'node:net';
import type { GatewayConfig } from '../../../config/index.ts';
import type { ListenerFact, MediaPortsFact } from '../facts.ts';

interface Wanted {
  readonly key: string;
  readonly protocol: 'udp' | 'tcp' | 'tls';
  readonly address: string;
  readonly port: number;
}

/** Where the gateway listens, by its configuration; ports that the system chooses are not among them. */
export function wantedListeners({ http, admin, sip }: GatewayConfig): readonly Wanted[] {
  const all: Wanted[] = [{ key: 'http.listen', protocol: 'tcp', ...http.listen }];
  if (!admin.socket) all.push({ key: 'admin.listen', protocol: 'tcp', ...admin.listen });
  if (sip.server === 'embedded') {
    sip.listen.forEach(({ protocol, address, port = protocol === 'tls' ? 5061 : 5060 }, i) => {
      all.push({ key: `sip.listen.${i}`, protocol, address, port });
    });
  }
  return all.filter(({ port }) => port !== 0);
}

/** Never rejects. */
export async function probeListener({ key, protocol, address, port }: Wanted): Promise<ListenerFact> {
  const where = `${protocol} ${isIPv6(address) ? `[${address}]` : address}:${port}`;
  const error = await (protocol === 'udp' ? bindUdp : bindTcp)(address, port);
  return { key, where, ...(error === undefined ? {} : { error }) };
}

/** How many ports of a range are tried: every one of some thousands takes too long. */
const SAMPLES = 32;

/** Ports of a range, evenly, the first and the last among them. @param step 2: only every other one */
export function samplesOf(min: number, max: number, step: 1 | 2 = 1): readonly number[] {
  const count = Math.floor((max - min) / step);
  const wanted = Math.min(SAMPLES, count + 1);
  if (wanted <= 1) return [min];
  const ports = Array.from({ length: wanted }, (_, i) => min + step * Math.round((i * count) / (wanted - 1)));
  return [...new Set(ports)];
}

/** Tries some of a range, one after the other. Never rejects. */
export async function probeRange(
  key: MediaPortsFact['key'],
  address: string,
  ports: readonly number[],
): Promise<MediaPortsFact> {
  const errors = new Map<number, string>();
  for (const port of ports) {
    const error = await bindUdp(address, port);
    if (error !== undefined) errors.set(port, error);
  }
  return { key, address, tried: ports.length, errors };
}

/** The code of the error that binding brings; undefined: it went well. */
function bindUdp(address: string, port: number): Promise<string | undefined> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code ?? error.message);
    });
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}

function bindTcp(address: string, port: number): Promise<string | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
