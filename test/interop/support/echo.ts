import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** An RTP port that sends back what it gets. */
export interface Echo {
  readonly sdp: string;
  close(): Promise<void>;
}

export async function startEcho(): Promise<Echo> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('message', (packet, { port, address }) => socket.send(packet, port, address));
  socket.on('error', () => {});
  const { port } = socket.address();
  return {
    sdp: [
      'v=0',
      `o=echo ${port} 1 IN IP4 127.0.0.1`,
      's=-',
      'c=IN IP4 127.0.0.1',
      't=0 0',
      `m=audio ${port} RTP/AVP 0`,
      'a=rtpmap:0 PCMU/8000',
      'a=sendrecv',
      '',
    ].join('\r\n'),
    close: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}
