import Fastify, { type FastifyInstance } from 'fastify';
import { GatewayError } from '../shared/error.ts';
import type { Log } from '../shared/log.ts';

export interface HttpOptions {
  readonly webhook: {
    readonly address: string;
    readonly port: number;
    /** `/webhook` */
    readonly path: string;
    readonly bodyLimitBytes: number;
    /** The challenge to answer with, or undefined for 403. */
    readonly handshake: (query: Readonly<Record<string, unknown>>) => string | undefined;
    readonly verify: (raw: Uint8Array, signature: string | undefined) => boolean;
    /** Takes a signed body; the 200 waits for it, so it stores and returns. Throwing makes a 500: Meta sends again. */
    readonly accept: (raw: Uint8Array, receivedAtMs: number) => void | Promise<void>;
  };
  readonly admin: {
    readonly address: string;
    readonly port: number;
    readonly health: () => { readonly ready: boolean; readonly details: object };
    readonly calls: () => object;
  };
  readonly now: () => number;
  readonly log: Log;
}

export interface HttpServers {
  readonly webhookUrl: string;
  readonly adminUrl: string;
  /** Ends open connections too; idempotent. */
  close(): Promise<void>;
}

/** A request line, its headers and its body must be here by then: slow senders hold no sockets. Milliseconds. */
const REQUEST_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_MS = 72_000;

/** Opens the public webhook port and the loopback admin port. Rejects with HTTP_LISTEN. */
export async function startHttp(options: HttpOptions): Promise<HttpServers> {
  const webhook = webhookApp(options);
  const admin = adminApp(options);
  try {
    const webhookUrl = await listen(webhook, options.webhook);
    const adminUrl = await listen(admin, options.admin);
    return {
      webhookUrl: `${webhookUrl}${options.webhook.path}`,
      adminUrl,
      close: async () => {
        await Promise.all([webhook.close(), admin.close()]);
      },
    };
  } catch (error) {
    await Promise.all([webhook.close(), admin.close()]);
    throw error;
  }
}

function app(bodyLimit: number): FastifyInstance {
  const fastify = Fastify({
    logger: false,
    bodyLimit,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: REQUEST_TIMEOUT_MS * 2,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: true,
    return503OnClosing: true,
    exposeHeadRoutes: false,
  });
  // Nothing about the inside is told to strangers.
  fastify.setNotFoundHandler((_request, reply) => reply.code(404).type('text/plain').send('not found'));
  fastify.setErrorHandler((error, _request, reply) => {
    const status = statusOf(error);
    return reply
      .code(status)
      .type('text/plain')
      .send(status === 413 ? 'too large' : 'error');
  });
  return fastify;
}

function webhookApp(options: HttpOptions): FastifyInstance {
  const { webhook, log, now } = options;
  const fastify = app(webhook.bodyLimitBytes);
  // The signature is over the raw bytes, whatever content type a proxy makes of them.
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  fastify.get(webhook.path, async (request, reply) => {
    const challenge = webhook.handshake(request.query as Readonly<Record<string, unknown>>);
    log.info({ accepted: challenge !== undefined, ip: request.ip }, 'webhook.handshake');
    reply.type('text/plain');
    return challenge === undefined ? reply.code(403).send('forbidden') : reply.send(challenge);
  });
  fastify.post(webhook.path, async (request, reply) => {
    const receivedAtMs = now();
    const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const signature = request.headers['x-hub-signature-256'];
    if (!webhook.verify(raw, typeof signature === 'string' ? signature : undefined)) {
      log.warn(
        { ip: request.ip, bytes: raw.length, signed: signature !== undefined },
        'webhook.bad-signature',
      );
      return reply.code(401).type('text/plain').send('bad signature');
    }
    try {
      await webhook.accept(raw, receivedAtMs);
    } catch (error) {
      log.error({ err: String(error) }, 'webhook.not-stored');
      return reply.code(500).type('text/plain').send('not stored');
    }
    return reply.type('text/plain').send('ok');
  });
  return fastify;
}

function adminApp({ admin }: HttpOptions): FastifyInstance {
  const fastify = app(64 * 1024);
  fastify.get('/health/live', async () => ({ live: true }));
  fastify.get('/health/ready', async (_request, reply) => {
    const { ready, details } = admin.health();
    return reply.code(ready ? 200 : 503).send({ ready, ...details });
  });
  fastify.get('/calls', async () => admin.calls());
  return fastify;
}

async function listen(
  fastify: FastifyInstance,
  at: { readonly address: string; readonly port: number },
): Promise<string> {
  try {
    return await fastify.listen({ host: at.address, port: at.port });
  } catch (error) {
    throw new GatewayError(
      'HTTP_LISTEN',
      `Cannot listen on ${at.address}:${at.port}: ${error instanceof Error ? error.message : String(error)}`,
      { address: at.address, port: at.port },
      { cause: error },
    );
  }
}

function statusOf(error: unknown): number {
  const status =
    typeof error === 'object' && error !== null && 'statusCode' in error ? Number(error.statusCode) : 500;
  return status >= 400 && status < 600 ? status : 500;
}
