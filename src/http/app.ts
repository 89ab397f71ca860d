import type { ServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Log } from '../shared/log.ts';
import type { HttpLimits } from './options.ts';

/** How often Node looks for requests that take too long, in parts of their time-out. */
const CHECKS_PER_TIMEOUT = 3;

/** What both ports share: limits on slow senders, and replies that tell strangers nothing of the inside. */
export function createApp(
  bodyLimit: number,
  limits: HttpLimits,
  log: Log,
  tls?: ServerOptions,
): FastifyInstance {
  const { requestTimeoutMs, keepAliveMs } = limits;
  const checks = { connectionsCheckingInterval: Math.ceil(requestTimeoutMs / CHECKS_PER_TIMEOUT) };
  const fastify: FastifyInstance = Fastify({
    logger: false,
    bodyLimit,
    // Ids of calls are longer than the 100 characters that fastify takes.
    routerOptions: { maxParamLength: 512 },
    requestTimeout: requestTimeoutMs,
    connectionTimeout: requestTimeoutMs * 2,
    keepAliveTimeout: keepAliveMs,
    ...(tls ? { https: { ...tls, ...checks } } : { http: checks }),
    // Idle connections end at once, replies under way are finished; `close` in server.ts bounds that.
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    // What is misspelt or wrongly typed is told, not left out or bent.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: true, verbose: true } },
    clientErrorHandler: refuseConnection,
    frameworkErrors: (_error, _request, reply) => void plain(reply, 404, 'not found'),
  });
  fastify.setNotFoundHandler((_request, reply) => plain(reply, 404, 'not found'));
  fastify.setErrorHandler((error, _request, reply) => {
    const status = statusOf(error);
    if (status >= 500 && status !== 503) log.error({ err: stackOf(error) }, 'http.bug');
    return plain(reply, status, status === 413 ? 'too large' : 'error');
  });
  fastify.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
  });
  return fastify;
}

export function plain(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').send(text);
}

const TOO_SLOW = 'ERR_HTTP_REQUEST_TIMEOUT';
const TOO_LONG_HEADERS = 'HPE_HEADER_OVERFLOW';

/** What is no HTTP, or too slow, or too long: there is no request to reply to, only a connection. */
function refuseConnection(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const line =
    error.code === TOO_SLOW
      ? '408 Request Timeout'
      : error.code === TOO_LONG_HEADERS
        ? '431 Request Header Fields Too Large'
        : '400 Bad Request';
  socket.end(`HTTP/1.1 ${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

function statusOf(error: unknown): number {
  const status =
    typeof error === 'object' && error !== null && 'statusCode' in error ? Number(error.statusCode) : 500;
  return status >= 400 && status < 600 ? status : 500;
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
