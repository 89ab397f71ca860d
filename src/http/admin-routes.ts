import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import { refuse } from './admin-problems.ts';
import type { Refusal, RequestOf, Route } from './api/index.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of the admin port. */
    readonly operation?: { readonly id: string; readonly route: Route };
  }
}

/** Of any route. */
type Outcome = { readonly status: number; readonly body?: unknown; readonly mediaType?: string } | Refusal;

/** What fastify needs to know of a declared route. */
export function optionsOf(
  id: string,
  route: Route,
): {
  method: Route['method'];
  url: string;
  schema: FastifySchema;
  config: { operation: { id: string; route: Route } };
} {
  const { method, path, params, query, body } = route;
  return {
    method,
    url: path.replace(/\{(\w+)\}/g, ':$1'),
    schema: {
      ...(params ? { params } : {}),
      ...(query ? { querystring: query } : {}),
      ...(body ? { body } : {}),
    },
    config: { operation: { id, route } },
  };
}

/** Answers a declared route. */
export function serve<R extends Route>(
  app: FastifyInstance,
  id: string,
  route: R,
  answer: (request: RequestOf<R>) => Outcome | Promise<Outcome>,
): void {
  app.route({
    ...optionsOf(id, route),
    ...(route.query ? { preValidation: async ({ query }) => readNumbers(query, route.query) } : {}),
    handler: async ({ params, query, body }, reply) =>
      // Checked by the schemas of the route, which are those of the type.
      give(reply, await answer({ params, query, body } as RequestOf<R>)),
  });
}

function give(reply: FastifyReply, outcome: Outcome): FastifyReply {
  if ('problem' in outcome) {
    const { status, problem, more = [], retryAfterS } = outcome;
    if (retryAfterS !== undefined) reply.header('retry-after', String(retryAfterS));
    return refuse(reply, status, problem, ...more);
  }
  reply.code(outcome.status);
  const { body, mediaType } = outcome;
  return mediaType === undefined ? reply.send(body) : reply.type(mediaType).send(body);
}

/** A query has texts only: those that stand for whole numbers are read, nothing else is bent. */
function readNumbers(query: FastifyRequest['query'], schema: Route['query']): void {
  if (typeof query !== 'object' || query === null) return;
  const texts = query as Record<string, unknown>;
  for (const [name, kind] of Object.entries(schema?.properties ?? {})) {
    const value = texts[name];
    const isWhole = 'type' in kind && kind.type === 'integer';
    if (isWhole && typeof value === 'string' && /^\d{1,9}$/.test(value)) texts[name] = Number(value);
  }
}
