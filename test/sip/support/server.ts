import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { ConnectSipOptions, SipControl } from '../../../src/sip/index.ts';
import { type SipServer, type SipServerOptions, startSipServer } from '../../../src/sip-server/index.ts';
import type { Inbox } from './events.ts';
import { leg } from './leg.ts';

/** An embedded SIP server on free loopback ports and a leg on it; both closed when the test ends. */
export async function startLeg(
  options: Partial<ConnectSipOptions> = {},
  serverOptions: Partial<SipServerOptions> = {},
): Promise<{
  readonly server: SipServer;
  readonly sip: SipControl;
  readonly states: Inbox<'connected' | 'lost'>;
}> {
  const server = await startSipServer({
    secret: 's',
    listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
    ...serverOptions,
  });
  onTestFinished(() => server.close());
  const { sip, states } = await leg({ port: server.control.port, ...options });
  return { server, sip, states };
}

/** A line to `port` that a test can cut; new connections go through again. Closed when the test ends. */
export async function cuttable(port: number): Promise<{ readonly port: number; cut(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    server.close();
    cut();
  });
  return { port: (server.address() as AddressInfo).port, cut };
}

/** As `startLeg`, with a line between the two that can be cut. */
export async function startCuttableLeg(options: Partial<ConnectSipOptions> = {}) {
  const server = await startSipServer({
    secret: 's',
    listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
  });
  onTestFinished(() => server.close());
  const line = await cuttable(server.control.port);
  const { sip, states } = await leg({ port: line.port, reconnect: { minMs: 10 }, ...options });
  await states.next();
  return { server, line, sip, states };
}
