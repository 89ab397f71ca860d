import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, it } from 'vitest';
import { createDatagramIo } from '../../../src/media/net/create.ts';
import type {
  DatagramIo,
  DatagramPort,
  DatagramPortOptions,
  OnDatagram,
  Peer,
} from '../../../src/shared/datagram.ts';
import { ENGINES } from './engines.ts';

const LOCAL: DatagramPortOptions = { address: '127.0.0.1', port: 0 };
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function ioOf(name: DatagramIo['name']): Promise<DatagramIo> {
  const { io, refused } = await createDatagramIo(name);
  expect(refused).toEqual([]);
  expect(io.name).toBe(name);
  closers.push(() => io.close());
  return io;
}

/** What a port heard, and a wait for so many of it. */
class Ear {
  readonly heard: string[] = [];
  readonly from: Peer[] = [];
  #wanted = 0;
  #wake: () => void = () => {};

  readonly receive: OnDatagram = (packet, length, from) => {
    this.heard.push(packet.toString('latin1', 0, length));
    this.from.push(from.keep());
    if (this.heard.length >= this.#wanted) this.#wake();
  };

  async hears(count: number): Promise<readonly string[]> {
    this.#wanted = count;
    if (this.heard.length < count) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.heard;
  }
}

function send(from: DatagramPort, text: string, to: Peer | undefined): void {
  const packet = Buffer.from(`${text}rubbish`, 'latin1');
  from.send(packet, text.length, to as Peer);
  packet.fill(0);
}

async function nodeSocket(type: 'udp4' | 'udp6', address: string): Promise<Socket> {
  const socket = createSocket(type);
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  closers.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return socket;
}

const sends = (socket: Socket, data: Buffer | string, port: number, address: string): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.send(data, port, address, (error) => (error ? reject(error) : resolve()));
  });

describe.each(ENGINES)('%s', (name) => {
  it('moves datagrams whole and in order, and tells one sender by one object', async () => {
    const io = await ioOf(name);
    const ear = new Ear();
    const to = await io.open(LOCAL, ear.receive);
    const from = await io.open(LOCAL, () => {});
    const peer = io.peer('127.0.0.1', to.port);
    const sent = Array.from({ length: 300 }, (_, i) => `packet ${i} `.padEnd(1 + (i % 100) * 14, 'x'));
    for (const [i, text] of sent.entries()) {
      send(from, text, peer);
      if (i % 50 === 49) await ear.hears(i + 1);
    }
    expect(await ear.hears(300)).toEqual(sent);
    expect(new Set(ear.from).size).toBe(1);
    expect(ear.from[0]).toMatchObject({ address: '127.0.0.1', port: from.port });
    expect(ear.from[0]?.is(io.peer('127.0.0.1', from.port))).toBe(true);
    expect(ear.from[0]?.is(peer)).toBe(false);
    expect(to.counters).toMatchObject({ received: 300, sent: 0, failed: 0 });
    expect(from.counters).toMatchObject({ received: 0, sent: 300, failed: 0 });
  });

  it('answers from within the handler, on many ports at once', async () => {
    const io = await ioOf(name);
    const ear = new Ear();
    const near = await io.open(LOCAL, ear.receive);
    const far = await Promise.all(
      Array.from({ length: 40 }, async (): Promise<DatagramPort> => {
        const port: DatagramPort = await io.open(LOCAL, (packet, length, from) =>
          port.send(packet, length, from.keep()),
        );
        return port;
      }),
    );
    for (const { port } of far) send(near, `to ${port}`, io.peer('127.0.0.1', port));
    const heard = await ear.hears(40);
    expect(new Set(heard)).toEqual(new Set(far.map(({ port }) => `to ${port}`)));
    for (const [i, text] of heard.entries()) expect(text).toBe(`to ${ear.from[i]?.port}`);
  });

  it('sends all that a handler sends, in order, also when it closes its port behind that', async () => {
    const io = await ioOf(name);
    const ear = new Ear();
    const near = await io.open(LOCAL, ear.receive);
    const told = Array.from({ length: 21 }, (_, i) => `answer ${i}`);
    const far: DatagramPort = await io.open(LOCAL, (_packet, _length, from) => {
      const to = from.keep();
      for (const text of told) send(far, text, to);
      void far.close();
    });
    const { port } = far;
    for (const text of ['one', 'two', 'three']) send(near, text, io.peer('127.0.0.1', port));
    expect(await ear.hears(21)).toEqual(told);
    expect(far.counters).toMatchObject({ received: 1, sent: 21, failed: 0, full: 0 });
    expect(io.ports).toBe(1);
  });

  it('works off more ports than go into one round, of which some are closed by the handlers of others', async () => {
    const io = await ioOf(name);
    const heard = new Set<number>();
    const ports: DatagramPort[] = [];
    for (let i = 0; i < 80; i++) {
      const receive = (): void => {
        heard.add(i);
        // Its neighbour behind it, whose datagram may have been received in the same go.
        if (i % 2 === 0) void ports[i + 1]?.close();
      };
      ports.push(await io.open(LOCAL, receive));
    }
    const far = await nodeSocket('udp4', '127.0.0.1');
    for (const { port } of ports) await sends(far, 'all', port, '127.0.0.1');
    while (ports.some(({ closed }, i) => (i % 2 === 0 ? !heard.has(i) : !closed && !heard.has(i))))
      await new Promise((resolve) => setImmediate(resolve));
    for (const [i, { counters }] of ports.entries()) expect(counters.received).toBe(heard.has(i) ? 1 : 0);
  });

  it('speaks IPv6, and IPv4 through a socket of both', async () => {
    const io = await ioOf(name);
    const [six, both] = [new Ear(), new Ear()];
    const port6 = await io.open({ address: '::1', port: 0 }, six.receive);
    const any = await io.open({ address: '::', port: 0 }, both.receive);
    const stranger = await nodeSocket('udp4', '127.0.0.1');
    const answer = new Promise<string>((resolve) =>
      stranger.once('message', (data) => resolve(String(data))),
    );
    send(any, 'six', io.peer('::1', port6.port));
    send(port6, 'back', io.peer('::1', any.port));
    await sends(stranger, 'four', any.port, '127.0.0.1');
    expect(await six.hears(1)).toEqual(['six']);
    expect(six.from[0]).toMatchObject({ address: '::1', port: any.port });
    await both.hears(2);
    const four = both.from[both.heard.indexOf('four')] as Peer;
    expect(four).toMatchObject({ address: '127.0.0.1', port: stranger.address().port });
    expect(four.is(io.peer('127.0.0.1', stranger.address().port))).toBe(true);
    expect(four.is(io.peer('::ffff:127.0.0.1', stranger.address().port))).toBe(true);
    send(any, 'answer', four);
    expect(await answer).toBe('answer');
  });

  it('counts what cannot go, and goes on', async () => {
    const io = await ioOf(name);
    const ear = new Ear();
    const to = await io.open(LOCAL, ear.receive);
    const from = await io.open(LOCAL, () => {});
    const peer = io.peer('127.0.0.1', to.port) as Peer;
    from.send(Buffer.alloc(1_501), 1_501, peer);
    send(from, 'to another family', io.peer('::1', to.port));
    send(from, 'out of this machine', io.peer('203.0.113.1', 9));
    send(from, 'whole', peer);
    expect(await ear.hears(1)).toEqual(['whole']);
    const { tooLong, failed, unreachable, sent } = from.counters;
    expect({ tooLong, sent }).toEqual({ tooLong: 1, sent: 1 });
    expect(failed + unreachable).toBe(2);
  });

  it('throws at no port that cannot be sent to', async () => {
    const io = await ioOf(name);
    const ear = new Ear();
    const to = await io.open(LOCAL, ear.receive);
    const from = await io.open(LOCAL, () => {});
    // A datagram may come from port 0, and the port behind 65535 is none.
    for (const port of [0, 65_536]) send(from, 'nowhere', io.peer('127.0.0.1', port));
    send(from, 'whole', io.peer('127.0.0.1', to.port));
    expect(await ear.hears(1)).toEqual(['whole']);
    expect(from.counters).toMatchObject({ failed: 2, sent: 1 });
  });

  it('drops what is too long for media, whole, and takes the empty', async () => {
    const io = await ioOf(name);
    const ear = new Ear();
    const to = await io.open(LOCAL, ear.receive);
    const stranger = await nodeSocket('udp4', '127.0.0.1');
    for (const size of [1_501, 2_048, 9_000, 60_000, 0, 1_500]) {
      await sends(stranger, Buffer.alloc(size, 'x'), to.port, '127.0.0.1');
    }
    const heard = await ear.hears(2);
    expect(heard.map((text) => text.length)).toEqual([0, 1_500]);
    expect(to.counters).toMatchObject({ received: 2, tooLong: 4 });
  });

  it('goes on after the other side is gone', async () => {
    const io = await ioOf(name);
    const ear = new Ear();
    const gone = await io.open(LOCAL, () => {});
    const from = await io.open(LOCAL, ear.receive);
    const back = await io.open(LOCAL, () => {});
    const peer = io.peer('127.0.0.1', gone.port);
    await gone.close();
    for (let i = 0; i < 5; i++) send(from, 'nobody', peer);
    send(back, 'still here', io.peer('127.0.0.1', from.port));
    expect(await ear.hears(1)).toEqual(['still here']);
  });

  it('hands nothing to a port that was closed in the middle of a batch', async () => {
    const io = await ioOf(name);
    const ports: DatagramPort[] = [];
    const heard: number[] = [];
    const closed: Promise<void>[] = [];
    // Whoever of the three hears first closes all the others.
    for (let i = 0; i < 3; i++) {
      const port = await io.open(LOCAL, () => {
        heard.push(i);
        for (const other of ports) if (other !== ports[i]) closed.push(other.close());
      });
      ports.push(port);
    }
    const from = await nodeSocket('udp4', '127.0.0.1');
    await Promise.all(ports.map(({ port }) => sends(from, 'now', port, '127.0.0.1')));
    while (closed.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await Promise.all(closed);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(heard).toHaveLength(1);
    expect(io.ports).toBe(1);
  });

  it('keeps ports apart whose descriptors and numbers are used again', async () => {
    const io = await ioOf(name);
    const from = await io.open(LOCAL, () => {});
    for (let i = 0; i < 60; i++) {
      const ear = new Ear();
      const port = await io.open(LOCAL, ear.receive);
      const peer = io.peer('127.0.0.1', port.port);
      send(from, `life ${i}`, peer);
      send(from, `life ${i}`, peer);
      await ear.hears(1);
      // The second may be on its way still.
      send(from, `late ${i}`, peer);
      await port.close();
      await port.close();
      expect(port.closed).toBe(true);
      port.send(Buffer.from('dead'), 4, peer as Peer);
      const count = ear.heard.length;
      const next = await io.open({ address: '127.0.0.1', port: port.port }, () => {});
      await next.close();
      expect(ear.heard).toHaveLength(count);
      expect(new Set(ear.heard)).toEqual(new Set([`life ${i}`]));
    }
    expect(io.ports).toBe(1);
  });

  it('rejects a port in use and an address of another machine', async () => {
    const io = await ioOf(name);
    const { port } = await io.open(LOCAL, () => {});
    await expect(io.open({ address: '127.0.0.1', port }, () => {})).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    const away = { address: '203.0.113.1', port: 0 };
    await expect(io.open(away, () => {})).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
    expect(io.peer('example.net', 5)).toBeUndefined();
    expect(io.ports).toBe(1);
  });

  it('lets timers and messages of the thread run while datagrams flood it', async () => {
    const io = await ioOf(name);
    let more = true;
    const far: DatagramPort = await io.open(LOCAL, (packet, length, from) => {
      if (more) far.send(packet, length, from.keep());
    });
    const near: DatagramPort = await io.open(LOCAL, (packet, length, from) => {
      if (more) near.send(packet, length, from.keep());
    });
    for (let i = 0; i < 30; i++) send(near, 'round and round', io.peer('127.0.0.1', far.port));
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 1));
    more = false;
    expect(far.counters.received).toBeGreaterThan(30);
  });

  it('closes all its ports', async () => {
    const { io } = await createDatagramIo(name);
    const ports = await Promise.all([io.open(LOCAL, () => {}), io.open(LOCAL, () => {})]);
    await io.close();
    await io.close();
    expect(ports.map(({ closed }) => closed)).toEqual([true, true]);
    expect(io.ports).toBe(0);
  });
});

// How many sockets Node's own engine reads in one go is Node's business.
for (const name of ENGINES.filter((each) => each === 'epoll'))
  it(`${name} lets the thread go on before a backlog is worked off`, async () => {
    const io = await ioOf(name);
    let heard = 0;
    const count = (): void => {
      heard += 1;
    };
    const ports = await Promise.all(Array.from({ length: 200 }, () => io.open(LOCAL, count)));
    const far = await io.open(LOCAL, () => {});
    // All at once, as they lie there when the thread did not run for a while.
    for (const { port } of ports) for (let i = 0; i < 8; i++) send(far, 'late', io.peer('127.0.0.1', port));
    let [before, most] = [0, 0];
    while (heard < 1_600) {
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, heard - before);
      before = heard;
    }
    expect(most).toBeLessThan(800);
  });
