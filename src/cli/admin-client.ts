import { request } from 'node:http';
import type { GatewayConfig } from '../config/index.ts';

/** Longest wait for the gateway, ms: what it asks of Meta included. */
const PATIENCE_MS = 20_000;

export type AdminReply =
  | { readonly kind: 'reply'; readonly status: number; readonly body: unknown }
  /** Nothing listens there. */
  | { readonly kind: 'nobody' }
  /** Something does, and is no answer to be had. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Where the admin port is, by the configuration; undefined: it takes any free port. */
export function adminUrlOf({ admin }: Pick<GatewayConfig, 'admin'>): string | undefined {
  const { address, port } = admin.listen;
  if (port === 0) return undefined;
  const host = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address] ?? address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** One request to the admin port. Not by fetch, which refuses some ports by number. */
export function askAdmin(base: string, method: string, path: string, body?: object): Promise<AdminReply> {
  return new Promise((resolve) => {
    const asked = request(
      new URL(path, base),
      {
        method,
        signal: AbortSignal.timeout(PATIENCE_MS),
        headers: body ? { 'content-type': 'application/json' } : {},
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('error', ({ message }) => resolve({ kind: 'failed', reason: message }));
        response.on('end', () => resolve(replyOf(response.statusCode ?? 0, text)));
      },
    );
    asked.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ECONNREFUSED' ? { kind: 'nobody' } : { kind: 'failed', reason: error.message }),
    );
    asked.end(body ? JSON.stringify(body) : undefined);
  });
}

function replyOf(status: number, text: string): AdminReply {
  if (text === '') return { kind: 'reply', status, body: undefined };
  try {
    return { kind: 'reply', status, body: JSON.parse(text) };
  } catch {
    return { kind: 'failed', reason: `it answers with status ${status} and no JSON` };
  }
}
