import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { writeRtpHeader } from '../../../src/media/rtp/header.ts';
import type { Arrival } from './network.ts';

export type PeerName = 'gstreamer' | 'ffmpeg';

/** As long as our buffer may wait at most. */
const LATENCY_MS = 200;
const PAYLOAD_TYPE = 111;

/** Which of the peers this machine has, with all that is needed of them; what is missing is said. */
export function peersHere(say: (line: string) => void): readonly PeerName[] {
  const gst = ['rtpjitterbuffer', 'rtpopusdepay', 'opusdec', 'audiorate'].every(
    (element) => spawnSync('gst-inspect-1.0', ['--exists', element]).status === 0,
  );
  const ffmpeg = spawnSync('ffmpeg', ['-hide_banner', '-decoders']).stdout?.includes('libopus') === true;
  if (!gst)
    say(
      'quality: no GStreamer with rtpjitterbuffer and opusdec (apt: gstreamer1.0-tools, -plugins-base, -plugins-good): skipped',
    );
  if (!ffmpeg) say('quality: no ffmpeg with libopus: skipped');
  return [...(gst ? (['gstreamer'] as const) : []), ...(ffmpeg ? (['ffmpeg'] as const) : [])];
}

/**
 * Plays the same packets, at the same times, to one process of the peer for each network, all at once and in real
 * time; returns what each decoded, 16 kHz mono.
 */
export async function playTo(
  name: PeerName,
  packets: readonly Uint8Array[],
  networks: readonly (readonly Arrival[])[],
): Promise<readonly Int16Array[]> {
  const folder = await mkdtemp(join(tmpdir(), 'quality-'));
  const socket = createSocket('udp4');
  const processes: ChildProcess[] = [];
  try {
    const ports: number[] = [];
    for (const i of networks.keys()) {
      const port = await freePair();
      ports.push(port);
      processes.push(await start(name, port, join(folder, `${i}`)));
    }
    await bound(ports);
    const send = networks.map((network, i) => sender(socket, ports[i] as number, packets, network));
    const began = performance.now();
    // All of them each time, not only up to the first that has more.
    const sendDue = (): boolean => send.map((next) => next(performance.now() - began)).includes(true);
    while (sendDue()) await wait(2);
    await wait(1_500);
    const gone = processes.map((each) => once(each, 'exit'));
    for (const each of processes) each.kill('SIGINT');
    await Promise.all(gone);
    return await Promise.all(networks.map((_, i) => pcmOf(join(folder, `${i}.raw`))));
  } finally {
    for (const each of processes) each.kill('SIGKILL');
    socket.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Until every peer has bound its port (Linux; elsewhere and for slow ones a while). */
async function bound(ports: readonly number[]): Promise<void> {
  for (let waited = 0; waited < 30_000; waited += 200) {
    await wait(200);
    const table = await readFile('/proc/net/udp', 'utf8').catch(() => '');
    if (table === '' && waited >= 5_000) return;
    if (ports.every((port) => table.includes(`:${port.toString(16).toUpperCase().padStart(4, '0')} `))) break;
  }
  await wait(1_000);
}

/** Sends what is due; false when all is sent. */
function sender(
  socket: Socket,
  port: number,
  packets: readonly Uint8Array[],
  network: readonly Arrival[],
): (nowMs: number) => boolean {
  let next = 0;
  return (nowMs) => {
    for (let due = network[next]; due && due.atMs <= nowMs; due = network[++next]) {
      const payload = packets[due.index] as Uint8Array;
      const packet = Buffer.alloc(12 + payload.length);
      writeRtpHeader(packet, due.index === 0, PAYLOAD_TYPE, due.index, due.index * 960, 77);
      packet.set(payload, 12);
      socket.send(packet, port, '127.0.0.1');
    }
    return next < network.length;
  };
}

async function start(name: PeerName, port: number, path: string): Promise<ChildProcess> {
  if (name === 'gstreamer') {
    const caps = `application/x-rtp,media=audio,clock-rate=48000,encoding-name=OPUS,payload=${PAYLOAD_TYPE}`;
    const pipeline = `udpsrc address=127.0.0.1 port=${port} caps=${caps} ! rtpjitterbuffer latency=${LATENCY_MS} do-lost=true ! rtpopusdepay ! opusdec use-inband-fec=true plc=true ! audioconvert ! audioresample ! audiorate skip-to-first=true ! audio/x-raw,format=S16LE,rate=16000,channels=1 ! filesink location=${path}.raw`;
    return spawn('gst-launch-1.0', ['-q', '-e', ...pipeline.split(' ')], { stdio: 'ignore' });
  }
  await writeFile(
    `${path}.sdp`,
    `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio ${port} RTP/AVP ${PAYLOAD_TYPE}\na=rtpmap:${PAYLOAD_TYPE} opus/48000/2\n`,
  );
  const args = `-nostdin -loglevel quiet -protocol_whitelist file,udp,rtp -max_delay ${LATENCY_MS * 1000} -reorder_queue_size 50 -analyzeduration 0 -probesize 32 -c:a libopus -i ${path}.sdp -af aresample=async=1000 -ar 16000 -ac 1 -f s16le ${path}.raw`;
  return spawn('ffmpeg', args.split(' '), { stdio: 'ignore' });
}

async function pcmOf(path: string): Promise<Int16Array> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  return new Int16Array(new Uint8Array(bytes.subarray(0, bytes.length & ~1)).buffer);
}

/** An even port whose neighbour is free too. */
async function freePair(): Promise<number> {
  for (;;) {
    const [rtp, rtcp] = [createSocket('udp4'), createSocket('udp4')];
    try {
      rtp.bind(0, '127.0.0.1');
      await once(rtp, 'listening');
      const { port } = rtp.address();
      if (port % 2 !== 0) continue;
      rtcp.bind(port + 1, '127.0.0.1');
      await once(rtcp, 'listening');
      return port;
    } catch {
      // The neighbour is taken: another pair.
    } finally {
      rtp.close();
      rtcp.close();
    }
  }
}
