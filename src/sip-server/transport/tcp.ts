import { connect } from 'node:net';
import { KEEP_ALIVE_MS } from './limits.ts';
import type { StreamKind } from './stream-listener.ts';

/** TCP: a socket is the stream, and a peer is who its address says. */
export const tcpKind: StreamKind = {
  protocol: 'tcp',
  accept: (socket, ready) => ready(socket),
  connect: ({ address: host, port }, _domain, local, ready) =>
    connect(
      {
        host,
        port,
        ...(local !== undefined && { localAddress: local }),
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
      },
      ready,
    ),
  speaksFor: () => true,
};
