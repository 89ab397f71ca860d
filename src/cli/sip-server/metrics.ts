import { createServer, type Server } from 'node:http';
import { renderMetrics } from '../../observe/index.ts';
import { GatewayError } from '../../shared/error.ts';
import type { SipServerStats } from '../../sip-server/index.ts';

export interface MetricsListener {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves `GET /metrics` and nothing else. @throws GatewayError HTTP_LISTEN */
export async function serveMetrics(
  at: { readonly host: string; readonly port: number },
  stats: () => SipServerStats,
): Promise<MetricsListener> {
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    request.resume();
    if (request.method !== 'GET' || request.url?.split('?', 1)[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    renderMetrics({ sip: stats() }).then(
      ({ contentType, text }) => response.writeHead(200, { 'content-type': contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await listen(server, at);
  const bound = server.address();
  const port = typeof bound === 'object' && bound ? bound.port : at.port;
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  return {
    url: `http://${host}:${port}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const text = `--metrics: cannot listen on ${host}:${port}: ${cause.message}.`;
      reject(new GatewayError('HTTP_LISTEN', text, { address: host, port }, { cause }));
    });
    server.listen(port, host, resolve);
  });
}
