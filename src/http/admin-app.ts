import { Server as HttpsServer } from 'node:https';
import type { FastifyError, FastifyInstance } from 'fastify';
import { adminEvents } from './admin-events.ts';
import { AdminGuard } from './admin-guard.ts';
import { problemsOf, refuse } from './admin-problems.ts';
import { serve } from './admin-routes.ts';
import type { AdminTls } from './admin-tls.ts';
import { openApiOf, ROUTES, type Route } from './api/index.ts';
import { createApp } from './app.ts';
import { guardConnections } from './doors.ts';
import { type HttpOptions, limitsOf } from './options.ts';

/** Requests of the admin port have no body worth naming. Bytes. */
const BODY_LIMIT = 65_536;

/** The operator's port: every route of api/, answered by the handlers. */
export function adminApp(options: HttpOptions, tls: AdminTls | undefined): FastifyInstance {
  const { log, limits } = options;
  const bounds = limitsOf(BODY_LIMIT, limits);
  const fastify = createApp(BODY_LIMIT, bounds, log, tls?.serverOptions);
  guardConnections(fastify.server, bounds, (reason) => options.refusals?.add('admin', reason));
  if (fastify.server instanceof HttpsServer) tls?.attach(fastify.server);
  fastify.addHook('preClose', async () => tls?.close());
  // A scope of its own: what is no route is answered as on the other port.
  fastify.register(async (app) => routesOf(app, options));
  return fastify;
}

function routesOf(app: FastifyInstance, options: HttpOptions): void {
  const { admin, log } = options;
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const problems = problemsOf(error);
    if (problems) return refuse(reply, error.validation ? 400 : (error.statusCode ?? 400), ...problems);
    log.error({ err: error.stack ?? String(error) }, 'http.bug');
    return refuse(reply, 500, BUG);
  });
  new AdminGuard(options).watch(app);
  const document = openApiOf(ROUTES, admin.version);
  const { events, openApi, ...routes } = ROUTES;
  // Each handler is of its route: the type of `admin.handlers` says so, but not in a loop.
  const handlers: Readonly<Record<string, unknown>> = admin.handlers;
  for (const [id, route] of Object.entries(routes)) {
    serve<Route>(app, id, route, handlers[id] as Parameters<typeof serve<Route>>[3]);
  }
  serve(app, 'openApi', openApi, () => ({ status: 200, body: document }));
  adminEvents(app, events, admin.events);
}

/** Nothing is told of it here. */
const BUG = {
  field: 'gateway',
  message: 'it failed at this.',
  remedy: 'Its log has the details (http.bug); please report it.',
};
