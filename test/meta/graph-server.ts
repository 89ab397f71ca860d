import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** What the server does with a request; texts are sent as they are, objects as JSON. */
export type Scripted =
  | {
      readonly status?: number;
      readonly body?: object | string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Takes the request and closes the connection. */
  | 'reset'
  /** Sends the head of a reply, then closes. */
  | 'reset-in-reply'
  /** Never answers. */
  | 'hang';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface GraphServer {
  readonly url: string;
  readonly seen: readonly Seen[];
  readonly openSockets: () => number;
  /** Resolves when the server has taken its n-th request whole. */
  taken(n: number): Promise<void>;
}

/** A real HTTP server that plays the scripted replies in order, the last one again and again. */
export async function graphServer(...script: readonly Scripted[]): Promise<GraphServer> {
  const seen: Seen[] = [];
  const waiting: { readonly n: number; readonly wake: () => void }[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    void readAll(request).then((text) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://graph');
      const { method = '', headers } = request;
      seen.push({ method, path: pathname, query: searchParams, headers, text });
      play(script[Math.min(seen.length, script.length) - 1] ?? {}, request, response);
      for (const { n, wake } of waiting) if (seen.length >= n) wake();
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    openSockets: () => sockets.size,
    taken: (n) => (seen.length >= n ? Promise.resolve() : new Promise((wake) => waiting.push({ n, wake }))),
  };
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function play(scripted: Scripted, request: IncomingMessage, response: ServerResponse): void {
  if (scripted === 'hang') return;
  if (scripted === 'reset') return void request.socket.destroy();
  if (scripted === 'reset-in-reply') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
    return void response.write('{"success":', () => request.socket.destroy());
  }
  const { status = 200, body = { success: true }, headers = {} } = scripted;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = text.startsWith('<') ? 'text/html' : 'application/json';
  response.writeHead(status, { 'content-type': type, ...headers }).end(text);
}

/** Graph's usual envelope. */
export function graphError(
  code: number,
  more: {
    readonly subcode?: number;
    readonly message?: string;
    readonly transient?: boolean;
    readonly trace?: unknown;
  } = {},
): object {
  const { subcode, message = 'Some words of Graph', transient = false, trace = 'AqX3Trace_-1' } = more;
  return {
    error: {
      message,
      type: 'OAuthException',
      code,
      ...(subcode === undefined ? {} : { error_subcode: subcode }),
      is_transient: transient,
      fbtrace_id: trace,
    },
  };
}

/** Where nobody listens any more. */
export async function closedUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
