import { once } from 'node:events';
import { type SipServer, type SipServerOptions, startSipServer } from '../../../src/sip-server/index.ts';
import { type Srf, SrfClass } from './srf.ts';

/** A server on loopback with an unmodified drachtio-srf application on it. */
export interface App {
  readonly server: SipServer;
  readonly srf: Srf;
  /** `127.0.0.1:port` of its UDP listener. */
  readonly address: string;
  close(): Promise<void>;
}

export const SECRET = 'correct horse';

export const startServer = (options: Partial<SipServerOptions> = {}): Promise<SipServer> =>
  startSipServer({
    secret: SECRET,
    listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
    ...options,
  });

/** @param routes adds the application's middleware, before it connects */
export async function startApp(
  routes: (srf: Srf) => void = () => {},
  options: Partial<SipServerOptions> = {},
): Promise<App> {
  const server = await startServer(options);
  const srf = await connectSrf(server, routes);
  const { address, port } = server.contacts[0]!;
  return {
    server,
    srf,
    address: `${address}:${port}`,
    close: async () => {
      srf.disconnect();
      await server.close();
    },
  };
}

export async function connectSrf(
  server: Pick<SipServer, 'control'>,
  routes: (srf: Srf) => void = () => {},
): Promise<Srf> {
  const srf = new SrfClass();
  srf.on('error', () => {});
  routes(srf);
  const connected = once(srf, 'connect');
  srf.connect({ ...server.control, secret: SECRET });
  const [error] = (await connected) as [Error | null];
  if (error) throw error;
  return srf;
}

export const SDP = (port: number): string =>
  `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio ${port} RTP/AVP 0\r\na=sendrecv\r\n`;
