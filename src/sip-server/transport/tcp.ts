import { connect } from 'node:net';
import type { StreamKind } from './stream-listener.ts';

/** TCP: a socket is the stream, and a peer is who its address says. */
export const tcpKind: StreamKind = {
  protocol: 'tcp',
  accept: (socket, ready) => ready(socket),
  connect: ({ address: host, port }, _domain, ready) =>
    connect({ host, port, noDelay: true, keepAlive: true }, ready),
  speaksFor: () => true,
};
