import type { FastifyInstance } from 'fastify';
import { systemClock } from '../shared/clock.ts';
import { GatewayError } from '../shared/error.ts';
import { adminApp } from './admin-app.ts';
import { type HttpOptions, limitsOf } from './options.ts';
import { webhookApp } from './webhook-app.ts';

export interface HttpServers {
  readonly webhookUrl: string;
  readonly adminUrl: string;
  /** Finishes replies that are under way (bounded), ends every connection. Idempotent. */
  close(): Promise<void>;
}

/** Opens the public webhook port and the loopback admin port, or neither. Rejects with HTTP_LISTEN. */
export async function startHttp(options: HttpOptions): Promise<HttpServers> {
  const { closeGraceMs } = limitsOf(options.webhook.bodyLimitBytes, options.limits);
  const apps = [webhookApp(options), adminApp(options)] as const;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= Promise.all(apps.map((app) => closeApp(app, closeGraceMs))).then(() => undefined);
    return closing;
  };
  try {
    const webhookUrl = await listen(apps[0], options.webhook);
    const adminUrl = await listen(apps[1], options.admin);
    return { webhookUrl: `${webhookUrl}${options.webhook.path}`, adminUrl, close };
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
  at: { readonly address: string; readonly port: number },
): Promise<string> {
  try {
    return await app.listen({ host: at.address, port: at.port });
  } catch (error) {
    throw new GatewayError(
      'HTTP_LISTEN',
      `Cannot listen on ${at.address}:${at.port}: ${error instanceof Error ? error.message : String(error)}`,
      { address: at.address, port: at.port },
      { cause: error },
    );
  }
}
