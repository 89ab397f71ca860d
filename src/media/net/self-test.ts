import type { DatagramIo, DatagramPort } from '../../shared/datagram.ts';

/** Longest wait for a datagram from this machine to itself, ms. */
const PATIENCE_MS = 500;

/** Sends a datagram each way between two ports of `io`; rejects when it does not come as it was sent. */
export async function selfTest(io: DatagramIo): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const ping = Buffer.from('ping');
  const address = '127.0.0.1';
  const ports: DatagramPort[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    const far = await io.open({ address, port: 0 }, (packet, length, from) =>
      far.send(packet, length, from.keep()),
    );
    ports.push(far);
    const near = await io.open({ address, port: 0 }, (packet, length, from) => {
      const whole = from.is(io.peer(address, far.port)) && packet.toString('latin1', 0, length) === 'ping';
      if (whole) resolve();
      else reject(new Error('a datagram came changed'));
    });
    ports.push(near);
    timer = setTimeout(() => reject(new Error('no datagram came')), PATIENCE_MS);
    const peer = io.peer(address, far.port);
    if (peer) near.send(ping, ping.length, peer);
    await promise;
  } finally {
    clearTimeout(timer);
    await Promise.all(ports.map((port) => port.close()));
  }
}
