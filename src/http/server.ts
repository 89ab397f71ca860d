import type { FastifyInstance } from 'fastify';
import { systemClock } from '../shared/clock.ts';
import { GatewayError } from '../shared/error.ts';
import { adminApp } from './admin-app.ts';
import { listenOnSocket, refuseToBeOpen } from './admin-listen.ts';
import { AdminTls } from './admin-tls.ts';
import { HttpRefusals } from './doors.ts';
import { type HttpOptions, limitsOf } from './options.ts';
import { webhookApp } from './webhook-app.ts';

export interface HttpServers {
  readonly webhookUrl: string;
  readonly adminUrl: string;
  /** Who was not let in since the start. */
  readonly refused: () => HttpRefusals['counts'];
  /**
   * Reads the admin port's certificate again; what is of no use is logged, and the old one stays. Ends the event streams
   * of tokens that are none any more, or have lost the scope.
   */
  reload(): void;
  /** Finishes replies that are under way (bounded), ends every connection. Idempotent. */
  close(): Promise<void>;
}

/** Opens the public webhook port and the admin port, or neither. Rejects with HTTP_LISTEN, HTTP_TLS, HTTP_ADMIN_OPEN. */
export async function startHttp(given: HttpOptions): Promise<HttpServers> {
  const refusals = given.refusals ?? new HttpRefusals();
  const options = { ...given, refusals };
  const { closeGraceMs, tlsWatchMs } = limitsOf(options.webhook.bodyLimitBytes, options.limits);
  refuseToBeOpen(options);
  const { admin, log } = options;
  const tls = admin.tls && AdminTls.load(admin.tls, log, tlsWatchMs);
  const apps = [webhookApp(options), adminApp(options, tls)] as const;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= Promise.all(apps.map((app) => closeApp(app, closeGraceMs))).then(() => undefined);
    return closing;
  };
  try {
    const webhookUrl = await listen(apps[0], options.webhook);
    const adminUrl = await listen(apps[1], admin);
    const reload = (): void => {
      tls?.reload();
      admin.events.review();
    };
    return {
      webhookUrl: `${webhookUrl}${options.webhook.path}`,
      adminUrl,
      refused: () => refusals.counts,
      reload,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function closeApp(app: FastifyInstance, graceMs: number): Promise<void> {
  const impatient = systemClock.after(graceMs, () => app.server.closeAllConnections());
  try {
    await app.close();
  } finally {
    impatient.clear();
  }
}

async function listen(
  app: FastifyInstance,
  at: Pick<HttpOptions['admin'], 'address' | 'port' | 'socket'>,
): Promise<string> {
  const where = at.socket?.path ?? `${at.address}:${at.port}`;
  try {
    if (at.socket) return await listenOnSocket(app, at.socket);
    return await app.listen({ host: at.address, port: at.port });
  } catch (error) {
    throw new GatewayError(
      'HTTP_LISTEN',
      `Cannot listen on ${where}: ${error instanceof Error ? error.message : String(error)}`,
      at.socket ? { path: at.socket.path } : { address: at.address, port: at.port },
      { cause: error },
    );
  }
}
