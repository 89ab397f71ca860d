import type { FastifyInstance, FastifyReply } from 'fastify';
import { answer, type Reply, refuse } from './admin-problems.ts';
import {
  RECORD,
  REQUEST_PERMISSION,
  SET_NUMBER,
  WHICH_CALL,
  WHICH_NUMBER,
  WHICH_PAGE,
  WHICH_PERSON,
} from './admin-schema.ts';

/** A short number and the consumer behind it. */
export interface AdminEntry {
  readonly number: string;
  readonly pageId: string;
  readonly psid: string;
}

/** What the operator may ask of the gateway, beside its health. Nothing here throws but for bugs. */
export interface AdminApi {
  readonly directory: {
    list(): readonly AdminEntry[];
    set(entry: AdminEntry): Reply;
    remove(number: string): Reply;
  };
  /** Every trunk of the configuration: whether it is up, since when and why, its calls and limits. */
  trunks(): readonly object[];
  permission(pageId: string, psid: string): Promise<Reply>;
  /** Sends the consumer one request. */
  requestPermission(pageId: string, psid: string): Promise<Reply>;
  settings(pageId: string): Promise<Reply>;
  /** One call now. */
  call(callId: string): Reply;
  /** Ends it on both sides. */
  hangUp(callId: string): Reply;
  /** No new calls; the process ends when those that are up are over. */
  drain(): Reply;
  record(callId: string, action: 'start' | 'stop' | 'pause' | 'resume'): Promise<Reply>;
}

/** `/directory`, `/trunks`, `/permissions`, `/settings`, one call with its recording, and `/drain`. */
export function adminApi(app: FastifyInstance, api: AdminApi): void {
  app.get('/directory', async () => api.directory.list());
  app.put<{ Params: { number: string }; Body: { pageId: string; psid: string } }>(
    '/directory/:number',
    { schema: SET_NUMBER },
    async ({ params, body }, reply) => answer(reply, api.directory.set({ ...params, ...body })),
  );
  app.delete<{ Params: { number: string } }>(
    '/directory/:number',
    { schema: WHICH_NUMBER },
    async ({ params }, reply) => answer(reply, api.directory.remove(params.number)),
  );
  app.get('/trunks', async () => api.trunks());
  app.get<{ Querystring: { page: string; psid: string } }>(
    '/permissions',
    { schema: WHICH_PERSON },
    async ({ query }, reply) => answer(reply, await api.permission(query.page, query.psid)),
  );
  app.post<{ Body: { pageId: string; psid: string } }>(
    '/permissions',
    { schema: REQUEST_PERMISSION },
    async ({ body }, reply) => answer(reply, await api.requestPermission(body.pageId, body.psid)),
  );
  app.get<{ Params: { id: string } }>('/calls/:id', { schema: WHICH_CALL }, async ({ params }, reply) =>
    answer(reply, api.call(params.id)),
  );
  app.delete<{ Params: { id: string } }>('/calls/:id', { schema: WHICH_CALL }, async ({ params }, reply) =>
    answer(reply, api.hangUp(params.id)),
  );
  app.post('/drain', async (_, reply) => answer(reply, api.drain()));
  app.post<{ Params: { id: string }; Body: { action: 'start' | 'stop' | 'pause' | 'resume' } }>(
    '/calls/:id/recording',
    { schema: RECORD },
    async ({ params, body }, reply) => answer(reply, await api.record(params.id, body.action)),
  );
  app.get<{ Querystring: { page: string } }>('/settings', { schema: WHICH_PAGE }, async ({ query }, reply) =>
    answer(reply, await api.settings(query.page)),
  );
}

/** Pages in a browser on the operator's machine reach loopback too, and must not change anything. */
export async function refuseBrowsers(
  { method, headers }: { readonly method: string; readonly headers: Readonly<Record<string, unknown>> },
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  if (method === 'GET' || method === 'HEAD' || headers['origin'] === undefined) return undefined;
  const message = 'requests of web pages are not taken.';
  return refuse(reply, 403, {
    field: 'Origin',
    message,
    remedy: 'Use a program, or a proxy that removes it.',
  });
}
