import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { HepSender } from '../../src/observe/index.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { caller, itEmbedded, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

interface Received {
  readonly type: number;
  readonly from: string;
  readonly to: string;
  readonly atMs: number;
  readonly captureId: number;
  readonly password: string;
  readonly correlationId: string | undefined;
  readonly payload: string;
}

/** Reads a packet by its chunks, as a server does; throws at what is wrong. */
function decoded(packet: Buffer): Received {
  expect(packet.toString('latin1', 0, 4)).toBe('HEP3');
  expect(packet.readUInt16BE(4)).toBe(packet.length);
  const chunks = new Map<number, Buffer>();
  for (let at = 6; at < packet.length; ) {
    const length = packet.readUInt16BE(at + 4);
    expect(packet.readUInt16BE(at)).toBe(0);
    chunks.set(packet.readUInt16BE(at + 2), packet.subarray(at + 6, at + length));
    at += length;
  }
  const chunk = (type: number): Buffer => chunks.get(type) ?? Buffer.alloc(4);
  const address = (ip: number, port: number): string =>
    `${[...chunk(ip)].join('.')}:${chunk(port).readUInt16BE(0)}`;
  return {
    type: chunk(11)[0] ?? 0,
    from: address(3, 7),
    to: address(4, 8),
    atMs: chunk(9).readUInt32BE(0) * 1_000 + chunk(10).readUInt32BE(0) / 1_000,
    captureId: chunk(12).readUInt32BE(0),
    password: chunk(14).toString(),
    correlationId: chunks.get(17)?.toString(),
    payload: chunk(15).toString(),
  };
}

async function receiver(): Promise<{
  readonly port: number;
  readonly received: Received[];
  readonly socket: Socket;
}> {
  const socket = createSocket('udp4');
  const received: Received[] = [];
  socket.on('message', (packet) => received.push(decoded(packet)));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return { port: socket.address().port, received, socket };
}

itEmbedded('SIP and RTCP of a call go to a HEP server, each under the id of the call', async () => {
  vi.stubEnv('HEP_PASSWORD', 'myhep');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { port, received } = await receiver();
  const world = await start({
    configure: (yaml) => {
      yaml['observe'] = { hep: { host: '127.0.0.1', port, captureId: 77, password: '${HEP_PASSWORD}' } };
    },
  });
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  await call.connected;
  await Promise.all([call.firstAudio, world.phones[0]?.calls[0]?.firstAudio]);
  const began = Date.now();
  await call.hangup();
  const ofCall = (): Received[] => received.filter(({ correlationId }) => correlationId === call.id);
  await until(
    () => ofCall().filter(({ type }) => type === 1).length >= 7 && ofCall().some(({ type }) => type === 5),
  );
  for (const { captureId, password } of received) expect([captureId, password]).toEqual([77, 'myhep']);
  const [invite] = ofCall();
  const sipPort = world.gateway.sipContacts[0]?.port;
  expect(invite?.payload).toMatch(/^INVITE sip:100@/);
  expect(invite?.from).toBe(`127.0.0.1:${sipPort}`);
  expect(invite?.to).toBe(`127.0.0.1:${world.phones[0]?.port}`);
  expect(Math.abs((invite?.atMs ?? 0) - began)).toBeLessThan(60_000);
  expect(
    ofCall()
      .map(({ payload }) => payload)
      .join(),
  ).not.toContain(caller.psid);
  const rtcp = ofCall().filter(({ type }) => type === 5);
  const reports = rtcp.map(({ payload }) => JSON.parse(payload) as { ssrc: number; report_blocks: object[] });
  expect(reports.length).toBeGreaterThanOrEqual(2);
  for (const { from, to } of rtcp) for (const end of [from, to]) expect(end).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(new Set(reports.map(({ ssrc }) => ssrc)).size).toBe(2);
  expect(reports.at(-1)?.report_blocks).toHaveLength(1);
});

it('by TCP packets come in a row, and one that finds no server waits for it or is lost', async () => {
  const lines: string[] = [];
  const log = { ...silentLog, warn: (_: object, event: string) => void lines.push(event) };
  const received: Buffer[] = [];
  const server: Server = createServer((socket) => socket.on('data', (data) => received.push(data)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const sender = new HepSender({ host: '127.0.0.1', port, transport: 'tcp', clock: systemClock, log });
  onTestFinished(() => sender.close());
  for (let i = 0; i < 5; i++) sender.send(Buffer.from(`HEP${i}`));
  await until(() => Buffer.concat(received).length >= 20);
  expect(Buffer.concat(received).toString()).toBe('HEP0HEP1HEP2HEP3HEP4');
  expect(sender).toMatchObject({ sent: 5, lost: 0 });
  expect(lines).toEqual([]);
});

it('a server that is not there is told of once, and costs a megabyte at most', async () => {
  const lines: object[] = [];
  const log = { ...silentLog, warn: (fields: object) => void lines.push(fields) };
  const again: (() => void)[] = [];
  const clock = {
    ...systemClock,
    after: (_: number, fn: () => void) => {
      again.push(fn);
      return { clear: () => {} };
    },
  };
  // A port that was free a moment ago.
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  const sender = new HepSender({ host: '127.0.0.1', port, transport: 'tcp', clock, log });
  onTestFinished(() => sender.close());
  await until(() => again.length === 1);
  for (let i = 0; i < 30; i++) sender.send(Buffer.alloc(50_000));
  expect(sender.lost).toBe(10);
  again[0]?.();
  await until(() => again.length === 2);
  expect(lines).toMatchObject([{ code: 'HEP_UNREACHABLE' }]);
});
