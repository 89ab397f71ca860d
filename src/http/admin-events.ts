import type { FastifyInstance } from 'fastify';
import { optionsOf } from './admin-routes.ts';
import type { Route } from './api/index.ts';
import type { EventFeed } from './event-feed.ts';

/** `GET /events`; the feed ends with the server. */
export function adminEvents(app: FastifyInstance, route: Route, feed: EventFeed): void {
  app.addHook('preClose', async () => feed.close());
  app.route({
    ...optionsOf('events', route),
    exposeHeadRoute: false,
    handler: async (request, reply) => {
      const lastId = request.headers['last-event-id'];
      reply.hijack();
      if (feed.add(reply.raw, typeof lastId === 'string' ? lastId : undefined, request.mayGoOn)) return reply;
      reply.raw.writeHead(503, { 'content-type': 'application/json', 'retry-after': '5' });
      reply.raw.end(JSON.stringify({ problems: [TOO_MANY] }));
      return reply;
    },
  });
}

const TOO_MANY = {
  field: 'events',
  message: 'too many read the events already, or the gateway closes.',
  remedy: 'Close readers that are not needed.',
};
