import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a relay has seen go by that nobody else may see. */
export interface Seen {
  readonly icePasswords: Set<string>;
}

/** Headers that belong to one connection, or that `fetch` writes itself. */
const OWN = new Set(['connection', 'content-length', 'host', 'transfer-encoding', 'keep-alive', 'expect']);

/**
 * Stands between the gateway and the simulators, both ways: one address for Graph of several platforms, and the place
 * where ICE passwords are seen.
 */
export async function startRelay(targetOf: (path: string) => string): Promise<{
  readonly url: string;
  readonly seen: Seen;
  close(): Promise<void>;
}> {
  const seen: Seen = { icePasswords: new Set() };
  const look = (text: string): void => {
    for (const [, password = ''] of text.matchAll(/a=ice-pwd:([A-Za-z0-9+/]{22,})/g))
      seen.icePasswords.add(password);
  };
  const pass = async (request: IncomingMessage): Promise<Response> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    look(body.toString());
    const headers = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
      typeof value === 'string' && !OWN.has(name) ? [[name, value]] : [],
    );
    const { method = 'GET', url = '/' } = request;
    const sent = method === 'GET' ? { method, headers } : { method, headers, body };
    return await fetch(`${targetOf(url)}${url}`, { ...sent, redirect: 'manual' });
  };
  const server = createServer((request, response) => {
    pass(request).then(
      async (answer) => {
        const text = await answer.text();
        look(text);
        const headers = [...answer.headers].filter(([name]) => !OWN.has(name) && name !== 'content-encoding');
        response.writeHead(answer.status, Object.fromEntries(headers)).end(text);
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
