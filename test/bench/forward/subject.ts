import { GCProfiler, getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import {
  createDatagramIo,
  createOpusLibrary,
  MediaEngine,
  openScheduling,
  ThreadPriority,
} from '../../../src/media/index.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import type { DatagramIo, Peer } from '../../../src/shared/datagram.ts';
import { silentLog } from '../../../src/shared/log.ts';
import { UdpSocket } from '../../../src/webrtc/udp-socket.ts';

/**
 * The thread that is measured: as many bridges as calls, Opus on both sides, with the sockets of both legs. Only ICE
 * and DTLS are left out: keys are known, and who the consumer is tells its first datagram.
 */
export interface SubjectOptions {
  readonly io: DatagramIo['name'];
  readonly calls: number;
  readonly priority: 'normal' | 'realtime';
}

export interface SubjectSample {
  /** CPU time of the thread, microseconds. */
  readonly cpuUs: number;
  /** Packets forwarded, both directions. */
  readonly packets: number;
  /** Bytes that the heap has given out since the last sample. */
  readonly allocatedBytes: number;
  /** Longest collection since the last sample, ms. */
  readonly longestGcMs: number;
}

const SIDE = (seed: number) => ({ key: Buffer.alloc(16, seed), salt: Buffer.alloc(14, seed + 1) });
const KEYS = { profile: 'AES_CM_128_HMAC_SHA1_80', local: SIDE(1), remote: SIDE(9) } as const;
const ADDRESS = '127.0.0.1';

const { io: wanted, calls, priority } = workerData as SubjectOptions;
const { io } = await createDatagramIo(wanted);
if (io.name !== wanted) throw new Error(`${wanted} does not work here`);
const { refused } = new ThreadPriority(
  priority,
  { cores: 1, workers: 1, isLimited: false },
  await openScheduling(),
);
if (refused !== undefined) throw new Error(`no real-time priority: ${refused}`);
const engine = new MediaEngine({
  opus: await createOpusLibrary(),
  io,
  clock: systemClock,
  log: silentLog,
  opusComplexity: 5,
});

const bridges = await Promise.all(Array.from({ length: calls }, (_, i) => openCall(1_000 + i)));
parentPort?.postMessage(bridges.flatMap(({ ports }) => ports));

async function openCall(ssrc: number) {
  const bridge = engine.openBridge({ mediaTimeoutMs: 600_000, onEvent: () => {} }, ssrc);
  let consumer: Peer | undefined;
  const socket = await UdpSocket.bind({
    io,
    clock: systemClock,
    address: ADDRESS,
    onMedia: (packet, length) => bridge.consumerDatagram(packet, length),
    onControl: (_datagram, address, port) => {
      consumer = io.peer(address, port);
      // Who was written to is a partner, as whom a check was sent to: its packets pass no gate for strangers.
      socket.send(Buffer.of(0), address, port);
    },
  });
  bridge.attachConsumer((packet, length) => {
    if (consumer) socket.sendTo(packet, length, consumer);
  });
  bridge.setKeys(KEYS);
  bridge.setConsumerPlan({
    receive: { opusPayloadTypes: [111], telephoneEvents: [{ payloadType: 110, clockRate: 48_000 }] },
    send: { payloadType: 111, ssrc, cname: 'bench', useInbandFec: true },
  });
  const { port } = await bridge.openPhone({ address: ADDRESS, portMin: 0, portMax: 0 });
  bridge.setPhonePlan({
    codec: 'opus',
    payloadType: 107,
    receivePayloadTypes: [107],
    clockRate: 48_000,
    remote: { address: ADDRESS, port: 9, rtcpPort: 9, rtcpMux: false },
    ptimeMs: 20,
    direction: 'sendrecv',
  });
  bridge.setOpen(true);
  return { bridge, ports: [socket.port, port] };
}

let profiler = new GCProfiler();
let usedAtStart = 0;
const begin = (): void => {
  profiler = new GCProfiler();
  profiler.start();
  usedAtStart = getHeapStatistics().used_heap_size;
};
begin();

parentPort?.on('message', () => {
  const { user, system } = process.threadCpuUsage();
  let allocatedBytes = getHeapStatistics().used_heap_size - usedAtStart;
  let longestGcMs = 0;
  for (const { beforeGC, afterGC, cost } of profiler.stop()?.statistics ?? []) {
    allocatedBytes += beforeGC.heapStatistics.usedHeapSize - afterGC.heapStatistics.usedHeapSize;
    longestGcMs = Math.max(longestGcMs, cost / 1_000);
  }
  let packets = 0;
  for (const { bridge } of bridges) {
    const { consumer, phone } = bridge.dump();
    packets += consumer.used + phone.used;
  }
  const sample: SubjectSample = { cpuUs: user + system, packets, allocatedBytes, longestGcMs };
  parentPort?.postMessage(sample);
  begin();
});
