import type { FastifyError, FastifyInstance } from 'fastify';
import { adminApi, refuseBrowsers } from './admin-api.ts';
import { adminEvents } from './admin-events.ts';
import { problemsOf, refuse } from './admin-problems.ts';
import { createApp } from './app.ts';
import { type HttpOptions, limitsOf } from './options.ts';

/** Requests of the admin port have no body worth naming. Bytes. */
const BODY_LIMIT = 65_536;

/** The operator's port: health for supervisors and load balancers, calls, consumers' numbers and permissions, events. */
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
  fastify.addHook('onRequest', refuseBrowsers);
  fastify.register(async (api) => {
    api.setErrorHandler<FastifyError>((error, _request, reply) => {
      const problems = problemsOf(error);
      // The port's own handler: a bug is logged, and nothing told of it.
      if (!problems) throw error;
      return refuse(reply, error.validation ? 400 : (error.statusCode ?? 400), ...problems);
    });
    adminApi(api, admin.api);
  });
  adminEvents(fastify, admin.events);
  return fastify;
}
