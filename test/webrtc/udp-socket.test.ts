import { afterEach, expect, it } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { UdpSocket } from '../../src/webrtc/udp-socket.ts';
import { io } from '../support/datagram-io.ts';

const clock = new FakeClock();
const open: UdpSocket[] = [];
afterEach(async () => {
  for (const socket of open.splice(0)) await socket.close();
});

async function bind(
  portRange?: readonly [number, number],
  onMedia: (packet: Buffer, length: number) => void = () => {},
  onControl: (datagram: Buffer, address: string, port: number) => void = () => {},
  address = '127.0.0.1',
): Promise<UdpSocket> {
  const socket = await UdpSocket.bind({ io, clock, address, portRange, onMedia, onControl });
  open.push(socket);
  return socket;
}

it('tells media from the rest by the first byte', async () => {
  const seen: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const note = (kind: string) => (data: Buffer) => {
    if (seen.push(`${kind} ${data[0]}`) === 6) resolve();
  };
  const to = await bind(undefined, note('media'), note('control'));
  const from = await bind();
  for (const first of [0, 20, 127, 128, 191, 192]) from.send(Buffer.from([first, 1]), '127.0.0.1', to.port);
  await promise;
  expect(seen).toEqual(['control 0', 'control 20', 'control 127', 'media 128', 'media 191', 'control 192']);
});

it('gives the buffer back at once', async () => {
  const { promise, resolve } = Promise.withResolvers<Buffer[]>();
  const seen: Buffer[] = [];
  const to = await bind(
    undefined,
    (packet, length) => seen.push(Buffer.from(packet.subarray(0, length))) === 5 && resolve(seen),
  );
  const from = await bind();
  const buffer = Buffer.alloc(4);
  for (let i = 0; i < 5; i++) from.send(buffer.fill(128 + i), '127.0.0.1', to.port);
  expect((await promise).map((packet) => packet[0])).toEqual([128, 129, 130, 131, 132]);
});

it('finds the free port of a range, and rejects when there is none', async () => {
  const { port } = await bind();
  const range = [port, port + 2] as const;
  const ports = new Set<number>([port]);
  let failure: unknown;
  for (let i = 0; i < 3 && !failure; i++) {
    await bind(range).then(
      (socket) => ports.add(socket.port),
      (error: unknown) => (failure = error),
    );
  }
  // Someone else may hold the neighbours; what counts is that each was tried, and the end is an error.
  expect(failure).toMatchObject({ code: 'EADDRINUSE' });
  for (const taken of ports) expect(taken).toBeGreaterThanOrEqual(port);
});

it('rejects an address that is not of this machine', async () => {
  await expect(bind(undefined, undefined, undefined, '203.0.113.1')).rejects.toMatchObject({
    code: 'EADDRNOTAVAIL',
  });
});

it('takes IPv6, drops what is too long, is silent after close', async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const to = await bind(undefined, (_packet, length) => resolve(length), undefined, '::1');
  const from = await bind(undefined, undefined, undefined, '::1');
  expect(from.family).toBe(6);
  from.send(Buffer.alloc(1_501, 128), '::1', to.port);
  from.send(Buffer.alloc(3, 129), '::1', to.port);
  expect(await promise).toBe(3);
  await from.close();
  await from.close();
  from.send(Buffer.alloc(3, 129), '::1', to.port);
  expect(from.closed).toBe(true);
});

it('looks at so many datagrams of strangers and no more; who was written to is none', async () => {
  let seen = 0;
  const told = new Map<number, () => void>();
  const note = (): void => {
    seen += 1;
    told.get(seen)?.();
  };
  const reached = (count: number): Promise<void> =>
    new Promise((resolve) => (seen >= count ? resolve() : told.set(count, resolve)));
  const to = await bind(undefined, note, note);
  const stranger = await bind();
  const partner = await bind();
  to.send(Buffer.from([1]), '127.0.0.1', partner.port);
  // The last one is seen, so those before it were judged.
  const flood = async (from: UdpSocket, first: number, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      from.send(Buffer.from([first, 1]), '127.0.0.1', to.port);
      // The system keeps a few hundred for a reader that is slow.
      if (i % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await flood(stranger, 0, 150);
  await flood(stranger, 128, 50);
  const sure = reached(101);
  await flood(partner, 128, 1);
  await sure;
  expect([seen, to.strangers]).toEqual([101, 100]);
  const all = reached(401);
  await flood(partner, 128, 300);
  await all;
  expect(to.strangers).toBe(100);
  // In a second it may again.
  clock.advance(1_000);
  const again = reached(402);
  await flood(stranger, 0, 1);
  await again;
  // Who was written to before sixteen others is one again.
  for (let host = 1; host <= 16; host++) to.send(Buffer.from([1]), `127.77.0.${host}`, 9);
  clock.advance(1_000);
  await flood(partner, 128, 150);
  await expect.poll(() => to.strangers).toBe(150);
});
