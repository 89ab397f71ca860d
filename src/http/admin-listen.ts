import { chmod, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { isLoopback } from '../shared/addresses.ts';
import { GatewayError } from '../shared/error.ts';
import type { HttpOptions } from './options.ts';

/** Without tokens everybody who reaches the port may end calls. @throws GatewayError HTTP_ADMIN_OPEN */
export function refuseToBeOpen({ admin }: HttpOptions): void {
  const { address, socket, tls, tokens } = admin;
  if (tokens().length > 0 || tls?.clientCa !== undefined || socket || isLoopback(address)) return;
  throw new GatewayError('HTTP_ADMIN_OPEN', undefined, { address });
}

/** Opens a Unix socket that only those may use whom `mode` lets. Returns `unix:/path`. */
export async function listenOnSocket(
  app: FastifyInstance,
  { path, mode }: { readonly path: string; readonly mode: number },
): Promise<string> {
  // A gateway that was killed leaves its socket behind; one that runs answers on it.
  const file = await stat(path).catch(() => undefined);
  if (file?.isSocket() && (await isDead(path))) await rm(path, { force: true });
  await app.listen({ path });
  await chmod(path, mode);
  return `unix:${path}`;
}

function isDead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });
}
