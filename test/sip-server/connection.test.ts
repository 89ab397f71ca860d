import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { OwnAddresses } from '../../src/sip-server/transport/address.ts';
import { STREAM_LIMITS, type StreamLimits } from '../../src/sip-server/transport/limits.ts';
import { StreamListener } from '../../src/sip-server/transport/stream-listener.ts';
import { tcpKind } from '../../src/sip-server/transport/tcp.ts';
import { TlsKind } from '../../src/sip-server/transport/tls.ts';
import type { Flow } from '../../src/sip-server/transport/transport.ts';
import { Authority } from './support/certificates.ts';

const authority = new Authority();
const own = authority.issue('DNS:localhost');
afterAll(() => authority.close());

const OPTIONS = 'OPTIONS sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n';
const REGISTER = OPTIONS.replace('OPTIONS', 'REGISTER');
const host = '127.0.0.1';
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A listener on a clock of its own, and what it heard. */
class Bench {
  readonly clock = new FakeClock();
  readonly heard: { readonly text: string; readonly flow: Flow }[] = [];
  listener!: StreamListener;
  #wake: () => void = () => {};

  static async open(limits: Partial<StreamLimits> = {}, protocol: 'tcp' | 'tls' = 'tcp'): Promise<Bench> {
    const bench = new Bench();
    const kind = protocol === 'tcp' ? tcpKind : await TlsKind.load({ certificates: [own] });
    bench.listener = await StreamListener.open({ protocol, address: host, port: 0 }, kind, {
      clock: bench.clock,
      limits,
      own: new OwnAddresses({ clock: bench.clock }),
      accepts: () => true,
      onMessage: (message, flow) => {
        bench.heard.push({ text: message.toString(), flow });
        bench.#wake();
      },
      onError: (error) => {
        throw error;
      },
    });
    closing.push(() => bench.listener.close());
    return bench;
  }

  /** A peer's connection. */
  async peer(): Promise<Socket> {
    const socket = connect({ host, port: this.listener.contact.port });
    socket.on('error', () => {});
    closing.push(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  }

  /** Resolves with the flow of the next message. */
  async next(): Promise<Flow> {
    const before = this.heard.length;
    if (before === this.heard.length) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.heard.at(-1)!.flow;
  }

  /** A peer that has sent one whole message, and its flow. */
  async met(text = OPTIONS): Promise<{ peer: Socket; flow: Flow }> {
    const peer = await this.peer();
    const heard = this.next();
    peer.write(text);
    return { peer, flow: await heard };
  }

  async accepted(count: number): Promise<void> {
    await expect.poll(() => this.listener.size).toBe(count);
  }
}

/** A server of the peer, and the connections it got. */
async function peerServer(): Promise<{ server: Server; port: number; next: () => Promise<Socket> }> {
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  closing.push(() => server.close());
  const { port } = server.address() as { port: number };
  const next = async (): Promise<Socket> => {
    const [socket] = (await once(server, 'connection')) as [Socket];
    socket.on('error', () => {});
    closing.push(() => socket.destroy());
    return socket;
  };
  return { server, port, next };
}

/** `once` would reject over a reset. */
const gone = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once('close', resolve));
const text = async (socket: Socket): Promise<string> => String((await once(socket, 'data'))[0]);
const send = (flow: Flow, message: string): Promise<Error | undefined> =>
  new Promise((resolve) => {
    flow.send(Buffer.from(message), resolve);
  });

describe('time', () => {
  test('a connection on which nothing moves is closed; what moves either way keeps it', async () => {
    const bench = await Bench.open();
    const { peer, flow } = await bench.met();
    const { idleMs } = STREAM_LIMITS;
    bench.clock.advance(idleMs - 1);
    flow.send(Buffer.from('SIP/2.0 200 OK\r\n\r\n'), () => {});
    await once(peer, 'data');
    bench.clock.advance(idleMs - 1);
    expect(flow.isOpen()).toBe(true);
    const heard = bench.next();
    peer.write(OPTIONS);
    await heard;
    bench.clock.advance(idleMs - 1);
    expect(flow.isOpen()).toBe(true);
    const closed = gone(peer);
    bench.clock.advance(1);
    await closed;
    expect([bench.listener.size, bench.clock.armed]).toEqual([0, 0]);
  });

  test('an accepted connection must say something; ours need not', async () => {
    const bench = await Bench.open();
    const { port, next } = await peerServer();
    const ours = bench.listener.flow({ address: host, port }, host);
    await next();
    const peer = await bench.peer();
    await bench.accepted(2);
    const closed = gone(peer);
    bench.clock.advance(STREAM_LIMITS.firstMessageMs);
    await closed;
    expect(ours.isOpen()).toBe(true);
  });

  test('a message must end soon, however slowly it drips', async () => {
    const bench = await Bench.open();
    const { peer } = await bench.met(`${OPTIONS}OPTIONS sip:x SIP/2.0\r\n`);
    const closed = gone(peer);
    bench.clock.advance(STREAM_LIMITS.messageMs - 1);
    peer.write('To: ');
    bench.clock.advance(1);
    await closed;
    expect(bench.heard.length).toBe(1);
  });

  test('a TLS handshake must end soon', async () => {
    const bench = await Bench.open({}, 'tls');
    const peer = await bench.peer();
    await bench.accepted(1);
    const closed = gone(peer);
    bench.clock.advance(STREAM_LIMITS.connectMs);
    await closed;
    expect([bench.listener.size, bench.clock.armed]).toEqual([0, 0]);
  });

  test('connecting has an end, and the request its failure', async () => {
    const bench = await Bench.open({}, 'tls');
    // A TCP server that never answers the handshake.
    const { port, next } = await peerServer();
    const accepted = next();
    const flow = bench.listener.flow({ address: host, port }, 'localhost');
    const failed = send(flow, OPTIONS);
    await accepted;
    bench.clock.advance(STREAM_LIMITS.connectMs);
    expect((await failed)?.message).toBe('connection timed out');
    expect(flow.isOpen()).toBe(false);
  });
});

describe('keep-alive of a flow that registered (RFC 5626 4.4.1)', () => {
  test('pings go out; a peer that used to answer and no longer does is gone', async () => {
    const bench = await Bench.open();
    const { port, next } = await peerServer();
    const flow = bench.listener.flow({ address: host, port }, host);
    const failed = send(flow, REGISTER);
    const peer = await next();
    expect(await text(peer)).toBe(REGISTER);
    bench.clock.advance(STREAM_LIMITS.pingMs);
    expect(await text(peer)).toBe('\r\n\r\n');
    // Not known to answer yet: RFC 5626 is not everybody's.
    bench.clock.advance(STREAM_LIMITS.pongMs);
    expect(flow.isOpen()).toBe(true);
    const heard = bench.next();
    peer.write(`\r\n${OPTIONS}`);
    await heard;
    bench.clock.advance(STREAM_LIMITS.pingMs - STREAM_LIMITS.pongMs);
    expect(await text(peer)).toBe('\r\n\r\n');
    bench.clock.advance(STREAM_LIMITS.pongMs);
    expect(flow.isOpen()).toBe(false);
    void failed;
  });

  test('two answers are no ping; without REGISTER nothing is sent', async () => {
    const bench = await Bench.open();
    const { port, next } = await peerServer();
    const flow = bench.listener.flow({ address: host, port }, host);
    flow.send(Buffer.from(OPTIONS), () => {});
    const peer = await next();
    expect(await text(peer)).toBe(OPTIONS);
    bench.clock.advance(STREAM_LIMITS.pingMs);
    flow.send(Buffer.from(REGISTER), () => {});
    expect(await text(peer)).toBe(REGISTER);
    for (let i = 0; i < 2; i++) {
      bench.clock.advance(STREAM_LIMITS.pingMs);
      expect(await text(peer)).toBe('\r\n\r\n');
      const heard = bench.next();
      peer.write(`\r\n${OPTIONS}`);
      await heard;
    }
    // Had they been taken for a ping, its answer would come first.
    flow.send(Buffer.from('BYE'), () => {});
    expect(await text(peer)).toBe('BYE');
  });
});

describe('a TLS peer', () => {
  async function phone(bench: Bench): Promise<{ peer: TLSSocket; flow: Flow }> {
    const peer = connectTls({
      host,
      port: bench.listener.contact.port,
      ca: authority.cert,
      servername: 'localhost',
    });
    peer.on('error', () => {});
    closing.push(() => peer.destroy());
    const heard = bench.next();
    peer.write(OPTIONS);
    return { peer, flow: await heard };
  }

  test('without a certificate is not reached on its own connection before it has registered', async () => {
    const bench = await Bench.open({}, 'tls');
    const { flow } = await phone(bench);
    bench.listener.flow(flow.remote, host);
    expect(bench.listener.size).toBe(2);
  });

  test('that registered is reached on its own connection by its address, never by a name', async () => {
    const bench = await Bench.open({}, 'tls');
    const { peer, flow } = await phone(bench);
    flow.registered?.();
    bench.listener.flow(flow.remote, host).send(Buffer.from(OPTIONS), () => {});
    expect(await text(peer)).toBe(OPTIONS);
    flow.alias?.({ host, port: 5071 });
    flow.alias?.({ host: 'phone.test', port: 5072 });
    for (const [port, domain] of [
      [flow.remote.port, 'phone.test'],
      [5071, host],
      [5072, 'phone.test'],
    ] as const) {
      const { size } = bench.listener;
      bench.listener.flow({ address: host, port }, domain);
      expect(bench.listener.size).toBe(size + 1);
    }
  });

  test('that is gone leaves nothing', async () => {
    const bench = await Bench.open({}, 'tls');
    const { peer } = await phone(bench);
    expect(bench.listener.size).toBe(1);
    peer.end();
    await bench.accepted(0);
    expect(bench.clock.armed).toBe(0);
  });
});

describe('limits', () => {
  test('connections of one address, and of all', async () => {
    const bench = await Bench.open({ perAddress: 2 });
    await bench.peer();
    await bench.peer();
    await bench.accepted(2);
    await gone(await bench.peer());
    const small = await Bench.open({ connections: 1 });
    const { flow } = await small.met();
    await gone(await small.peer());
    const { port } = await peerServer();
    expect((await send(small.listener.flow({ address: host, port }, host), OPTIONS))?.message).toBe(
      'too many connections',
    );
    expect(flow.isOpen()).toBe(true);
  });

  test('a peer that reads nothing is disconnected', async () => {
    const bench = await Bench.open({ backlog: 100_000 });
    const { peer, flow } = await bench.met();
    peer.pause();
    const big = Buffer.alloc(60_000, 'x');
    for (let i = 0; i < 500 && flow.isOpen(); i++) flow.send(big, () => {});
    expect(flow.isOpen()).toBe(false);
  });
});

describe('answers (RFC 3261 18.2.2)', () => {
  test('go on the connection of the request while it lives, then to the port of its Via', async () => {
    const bench = await Bench.open();
    const { port, next } = await peerServer();
    const { peer, flow } = await bench.met();
    const other = await bench.met();
    const answering = flow.answering({ host: 'anything.test', port });
    answering.send(Buffer.from('SIP/2.0 180 Ringing\r\n\r\n'), () => {});
    expect(await text(peer)).toContain('180');
    peer.destroy();
    await expect.poll(() => flow.isOpen()).toBe(false);
    const second = next();
    answering.send(Buffer.from('SIP/2.0 200 OK\r\n\r\n'), () => {});
    expect(await text(await second)).toContain('200');
    expect(other.peer.bytesRead).toBe(0);
  });
});

describe('connection reuse (RFC 5923)', () => {
  test('over TCP, for the address that the connection came from', async () => {
    const bench = await Bench.open();
    const { peer, flow } = await bench.met();
    flow.alias?.({ host: 'other.test', port: 5999 });
    flow.alias?.({ host: '127.0.0.2', port: 5998 });
    flow.alias?.({ host, port: 5070 });
    expect(bench.listener.size).toBe(1);
    bench.listener.flow({ address: host, port: 5070 }, host).send(Buffer.from(OPTIONS), () => {});
    expect(await text(peer)).toBe(OPTIONS);
    for (const at of [5998, 5999]) {
      const { size } = bench.listener;
      bench.listener.flow({ address: host, port: at }, host);
      expect(bench.listener.size).toBe(size + 1);
    }
  });

  test('a few ports, not all of them', async () => {
    const bench = await Bench.open();
    const { flow } = await bench.met();
    for (let port = 5070; port < 5080; port++) flow.alias?.({ host, port });
    const { size } = bench.listener;
    for (let port = 5070; port < 5080; port++) bench.listener.flow({ address: host, port }, host);
    expect(bench.listener.size).toBe(size + 6);
  });

  test('a connection of ours is used again, not one for another name', async () => {
    const bench = await Bench.open();
    const { port, next } = await peerServer();
    const first = next();
    for (let i = 0; i < 3; i++)
      bench.listener.flow({ address: host, port }, host).send(Buffer.from(OPTIONS), () => {});
    await first;
    expect(bench.listener.size).toBe(1);
    const secure = await Bench.open({}, 'tls');
    for (const domain of ['a.test', 'b.test', 'a.test'])
      secure.listener.flow({ address: host, port }, domain);
    expect(secure.listener.size).toBe(2);
  });
});

test('keep-alives that nobody reads the answers of end the connection', async () => {
  const bench = await Bench.open({ backlog: 1024 });
  const socket = await bench.peer();
  await expect.poll(() => bench.listener.size).toBe(1);
  socket.pause();
  const flood = '\r\n'.repeat(500_000);
  const more = (): void => {
    while (socket.writable && socket.write(flood));
  };
  socket.on('drain', more);
  more();
  await expect.poll(() => bench.listener.size).toBe(0);
});
