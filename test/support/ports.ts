import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below what the system gives to those who take any port (ip_local_port_range). */
const FIRST = 12_000;
/** Of each worker of Vitest; there are 16 such ranges. */
const COUNT = 1_248;
/** Who is told a port takes some of the next as well: phones for TLS, sipp for video. */
const ROOM = 8;

/**
 * A peer that is told its port binds it seconds later: no test beside this one may be told the same meanwhile. So each
 * worker has a range of its own, and goes through it once before it begins again.
 */
const first = FIRST + (Number(process.env['VITEST_POOL_ID'] ?? randomInt(16)) % 16) * COUNT;
let next = ROOM * randomInt(COUNT / ROOM);
const candidate = (): number => {
  next = (next + ROOM) % COUNT;
  return first + next;
};

/** A UDP port of loopback that was free a moment ago. */
export async function freeUdpPort(): Promise<number> {
  for (;;) {
    const port = await tryUdp(candidate());
    if (port !== undefined) return port;
  }
}

/** A TCP port of loopback that was free a moment ago. */
export async function freeTcpPort(): Promise<number> {
  for (;;) {
    const port = await tryTcp(candidate());
    if (port !== undefined) return port;
  }
}

/** A port that is free for UDP and TCP, and so is the next: phones listen on both, and on one more for TLS. */
export async function freeSipPort(): Promise<number> {
  for (;;) {
    const port = await freeUdpPort();
    if ((await tryTcp(port)) !== undefined && (await tryTcp(port + 1)) !== undefined) return port;
  }
}

async function tryUdp(port: number): Promise<number | undefined> {
  const socket = createSocket('udp4');
  try {
    socket.bind({ port, address: '127.0.0.1', exclusive: true });
    await once(socket, 'listening');
    return port;
  } catch {
    return undefined;
  } finally {
    await new Promise<void>((resolve) => socket.close(() => resolve()));
  }
}

async function tryTcp(port: number): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen({ port, host: '127.0.0.1', exclusive: true });
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address ? address.port : undefined;
  } catch {
    return undefined;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
