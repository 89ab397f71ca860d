import type { Socket } from 'node:dgram';

/**
 * The only file that reaches into Node's `dgram`: `test/media/net/dgram-tap.test.ts` fails when a version moves what
 * is used here. The handle stays Node's, which also closes it; only its reading is stopped.
 */
interface UdpHandle {
  readonly fd: number;
  recvStop(): number;
}

/** Stops Node's reading of a bound socket and returns its file descriptor; throws when Node has moved something. */
export function takeOver(socket: Socket): number {
  const handle = handleOf(socket);
  if (typeof handle?.recvStop !== 'function' || !(handle.fd >= 0)) {
    throw new Error('This version of Node keeps the handle of a dgram socket elsewhere.');
  }
  const status = handle.recvStop();
  if (status !== 0) throw new Error(`recvStop: ${status}`);
  return handle.fd;
}

/** `socket._handle` says the same, and a deprecation warning. */
function handleOf(socket: Socket): UdpHandle | undefined {
  for (const symbol of Object.getOwnPropertySymbols(socket)) {
    if (symbol.description !== 'state symbol') continue;
    const state = (socket as unknown as Record<symbol, { handle?: UdpHandle } | undefined>)[symbol];
    return state?.handle;
  }
  return undefined;
}
