import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createApp, plain } from './app.ts';
import { guardConnections, type HttpRefusal } from './doors.ts';
import { FloodGuard } from './flood-guard.ts';
import { type HttpLimits, type HttpOptions, limitsOf } from './options.ts';

/** A refused body of this size is not waited for; smaller ones are in by then. Bytes. */
const SMALL_BODY = 65_536;
const SIGNATURE = 'x-hub-signature-256';

/** The public port: the verification handshake and webhooks, on one path. */
export function webhookApp(options: HttpOptions): FastifyInstance {
  const { webhook, log } = options;
  const limits = limitsOf(webhook.bodyLimitBytes, options.limits);
  const fastify = createApp(webhook.bodyLimitBytes, limits, log);
  guardConnections(fastify.server, limits, (reason) => options.refusals?.add('webhook', reason));
  // The signature is over the raw bytes, whatever content type a proxy makes of them.
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  const intake = new WebhookIntake(options, limits);
  fastify.get(webhook.path, (request, reply) => intake.handshake(request, reply));
  fastify.post(
    webhook.path,
    { onRequest: async (request, reply) => intake.admit(request, reply) },
    async (request, reply) => intake.take(request, reply),
  );
  return fastify;
}

class WebhookIntake {
  readonly #options: HttpOptions;
  readonly #limits: HttpLimits;
  readonly #badSignatures = new FloodGuard();
  readonly #refusals = new FloodGuard();
  /** Bytes of bodies that are being received, as declared. */
  #receiving = 0;

  constructor(options: HttpOptions, limits: HttpLimits) {
    this.#options = options;
    this.#limits = limits;
  }

  handshake(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { webhook, log, now } = this.#options;
    const challenge = webhook.handshake(request.query as Readonly<Record<string, unknown>>);
    if (challenge !== undefined) {
      log.info({ ip: request.ip }, 'webhook.handshake');
      return plain(reply, 200, challenge);
    }
    this.#count('handshake');
    const suppressed = this.#refusals.admit(now());
    if (suppressed !== undefined) log.warn({ ip: request.ip, suppressed }, 'webhook.handshake-refused');
    return plain(reply, 403, 'forbidden');
  }

  /** Before the body is read: what cannot be signed is refused, and so is more than memory is meant for. */
  admit(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
    const { webhook } = this.#options;
    const declared = Number(request.headers['content-length'] ?? webhook.bodyLimitBytes);
    if (declared > SMALL_BODY) reply.header('connection', 'close');
    if (typeof request.headers[SIGNATURE] !== 'string') return this.#badSignature(request, reply, 0);
    if (declared > webhook.bodyLimitBytes) {
      this.#count('too-large');
      return plain(reply, 413, 'too large');
    }
    if (this.#receiving + declared > this.#limits.maxBodyBytes) {
      this.#count('busy');
      return plain(reply.header('retry-after', '1'), 503, 'busy');
    }
    this.#receiving += declared;
    reply.raw.once('close', () => {
      this.#receiving -= declared;
    });
    // A content type that breaks the grammar would be refused (415); none is looked at here.
    request.raw.headers['content-type'] = 'application/octet-stream';
    reply.removeHeader('connection');
    return undefined;
  }

  /** The body is here whole. 200 once it is taken in; the work comes after. */
  async take(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { webhook, log, now } = this.#options;
    const receivedAtMs = now();
    const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const signature = request.headers[SIGNATURE];
    if (!webhook.verify(raw, typeof signature === 'string' ? signature : undefined)) {
      return this.#badSignature(request, reply, raw.length);
    }
    try {
      await webhook.accept(raw, receivedAtMs);
    } catch (error) {
      log.error({ err: String(error) }, 'webhook.not-stored');
      return plain(reply, 500, 'not stored');
    }
    return plain(reply, 200, 'ok');
  }

  #count(reason: HttpRefusal): void {
    this.#options.refusals?.add('webhook', reason);
  }

  #badSignature(request: FastifyRequest, reply: FastifyReply, bytes: number): FastifyReply {
    const { log, now } = this.#options;
    this.#count('signature');
    const suppressed = this.#badSignatures.admit(now());
    const signed = request.headers[SIGNATURE] !== undefined;
    if (suppressed !== undefined) {
      log.warn({ ip: request.ip, bytes, signed, suppressed }, 'webhook.bad-signature');
    }
    return plain(reply, 401, 'bad signature');
  }
}
