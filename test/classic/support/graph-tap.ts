import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A request of the gateway's to Graph, as it was on the wire. */
export interface GraphRequest {
  readonly path: string;
  readonly body: Record<string, unknown>;
}

/** Stands in front of the simulator's Graph and keeps what goes by. Closed when the test ends. */
export class GraphTap {
  readonly requests: GraphRequest[] = [];
  readonly url: string;
  /** Where it goes on to. */
  target = '';

  private constructor(server: Server) {
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(): Promise<GraphTap> {
    let tap: GraphTap | undefined;
    const server = createServer((request, response) => {
      void bodyOf(request).then(async (body) => {
        const { method = 'GET', url = '/' } = request;
        tap?.requests.push({ path: url, body: read(body) });
        const reply = await fetch(`${tap?.target}${url}`, {
          method,
          headers: {
            ...(request.headers['content-type'] ? { 'content-type': request.headers['content-type'] } : {}),
            ...(request.headers.authorization ? { authorization: request.headers.authorization } : {}),
          },
          ...(body === '' ? {} : { body }),
        });
        response.writeHead(reply.status, {
          'content-type': reply.headers.get('content-type') ?? 'text/plain',
        });
        response.end(await reply.text());
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    tap = new GraphTap(server);
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return tap;
  }

  /** For `configure`: the gateway asks here. */
  readonly configure = (yaml: Record<string, unknown>): void => {
    const meta = yaml['meta'] as Record<string, unknown>;
    this.target = String(meta['graphUrl']);
    meta['graphUrl'] = this.url;
  };

  /** SDPs of requests with that action, in their order. */
  sdps(action: string): string[] {
    return this.requests
      .filter(({ body }) => body['action'] === action)
      .map(({ body }) => sdpIn(body['session']));
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function read(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return Object.fromEntries(new URLSearchParams(body));
  }
}

/** Meta takes the session as an object or as JSON in a string, the SDP likewise. */
function sdpIn(session: unknown): string {
  const value = typeof session === 'string' ? read(session) : ((session ?? {}) as Record<string, unknown>);
  const { sdp = '' } = value as { sdp?: unknown };
  if (typeof sdp !== 'string') return '';
  if (!sdp.startsWith('{')) return sdp;
  return String(read(sdp)['sdp'] ?? '');
}
