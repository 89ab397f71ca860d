import type { FastifyReply } from 'fastify';
import { refuse } from './admin-problems.ts';

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
