import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';

/** Below what the system gives to those who take any port (ip_local_port_range). */
const FIRST = 12_000;
/** Up to where that may begin. */
const END = 32_000;
/** Ranges of the workers of Vitest, which are two more than cores. */
const RANGES = Math.max(16, availableParallelism() + 3);
/** Who is told a port takes some of the next as well: phones for TLS, sipp for video. */
const ROOM = 8;

/**
 * A peer that is told its port binds it seconds later: no test beside this one may be told the same meanwhile. So each
 * worker has a range of its own, and goes through it once before it begins again. A benchmark is alone, and needs hundreds.
 */
const worker = process.env['VITEST_POOL_ID'];
const count = Math.floor((END - FIRST) / (worker === undefined ? 1 : RANGES) / ROOM) * ROOM;
const first = FIRST + (worker === undefined ? 0 : (Number(worker) % RANGES) * count);
let next = ROOM * randomInt(count / ROOM);

/** Goes through the range once. @throws where none of it is free */
export async function firstFree(tryPort: (port: number) => Promise<number | undefined>): Promise<number> {
  for (let tries = 0; tries < count / ROOM; tries++) {
    next = (next + ROOM) % count;
    const port = await tryPort(first + next);
    if (port !== undefined) return port;
  }
  throw new Error(`no free port among ${count / ROOM} from ${first} on`);
}

/** A UDP port of loopback that was free a moment ago. */
export const freeUdpPort = (): Promise<number> => firstFree(tryUdp);

/** A TCP port of loopback that was free a moment ago. */
export const freeTcpPort = (): Promise<number> => firstFree(tryTcp);

/** A port that is free for UDP and TCP, and so is the next: phones listen on both, and on one more for TLS. */
export const freeSipPort = (): Promise<number> =>
  firstFree(async (port) => {
    const isFree = (await tryUdp(port)) !== undefined && (await tryTcp(port)) !== undefined;
    return isFree && (await tryTcp(port + 1)) !== undefined ? port : undefined;
  });

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
