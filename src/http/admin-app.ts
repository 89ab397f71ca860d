import type { FastifyInstance } from 'fastify';
import { createApp } from './app.ts';
import { type HttpOptions, limitsOf } from './options.ts';

/** Requests of the admin port have no body worth naming. Bytes. */
const BODY_LIMIT = 65_536;

/** The operator's port: health for supervisors and load balancers, and what calls there are. */
export function adminApp({ admin, log, limits }: HttpOptions): FastifyInstance {
  const fastify = createApp(BODY_LIMIT, limitsOf(BODY_LIMIT, limits), log);
  fastify.get('/health/live', async (_request, reply) => {
    const live = admin.health().live !== false;
    return reply.code(live ? 200 : 503).send({ live });
  });
  fastify.get('/health/ready', async (_request, reply) => {
    const { ready, details } = admin.health();
    return reply.code(ready ? 200 : 503).send({ ...details, ready });
  });
  fastify.get('/calls', async () => admin.calls());
  fastify.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await admin.metrics();
    return reply.type(contentType).send(text);
  });
  return fastify;
}
