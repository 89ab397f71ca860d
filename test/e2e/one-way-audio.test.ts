import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { SrtpSession } from '../../src/media/index.ts';
import { createLogger } from '../../src/observe/index.ts';
import {
  CONSUMER_HZ,
  consumerHears,
  hangUp,
  offer,
  PHONE_HZ,
  pickUp,
  type RawCall,
  type RawOptions,
  ring,
  talk,
} from '../classic/support/call.ts';
import { sdp } from '../classic/support/sdp.ts';
import { until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

type Line = Record<string, unknown> & { readonly msg: string };

/** What a gateway logs of one-way audio. */
function watched(options: RawOptions = {}): { readonly options: RawOptions; readonly lines: Line[] } {
  const lines: Line[] = [];
  const destination = {
    write: (line: string): void => {
      const read = JSON.parse(line) as Line;
      if (read.msg.startsWith('media.one-way')) lines.push(read);
    },
  };
  return { options: { ...options, log: createLogger({ level: 'info', destination }) }, lines };
}

const named = (lines: readonly Line[], msg = 'media.one-way'): string[] =>
  lines.filter((line) => line.msg === msg).map(({ leg, direction, cause }) => `${leg} ${direction} ${cause}`);

const isNamed = (lines: readonly Line[], verdict: string): Promise<void> =>
  until(() => named(lines).includes(verdict));

/** The admin port's view of the call now. */
async function shown({ world, call }: RawCall): Promise<string[]> {
  const reply = await fetch(`${world.gateway.adminUrl}/calls/${call.id}`);
  const { legs } = (await reply.json()) as { legs: { oneWay: Line[] } };
  return legs.oneWay.map(({ leg, direction, cause }) => `${leg} ${direction} ${cause}`);
}

/** 200 and ACK; the phone says nothing. */
async function answerOnly({ peer, rtp, invite }: RawCall, body = sdp({ port: rtp.port })): Promise<void> {
  peer.respond(invite, 200, { body });
  await peer.request('ACK');
}

/** A socket that the test sends from; closed when it ends. */
async function socketAt(address = '127.0.0.1') {
  const socket = createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return socket;
}

/** Repeats it until the test ends. */
function every(ms: number, act: () => void): void {
  const timer = setInterval(act, ms);
  onTestFinished(() => clearInterval(timer));
}

describe('the phone', () => {
  it('sends nothing: log, metric, record, view, event and trace say so; it speaks, and that is over', async () => {
    const { options, lines } = watched();
    const raw = await ring(start, options);
    const { world, call } = raw;
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const { body } = await fetch(`${world.gateway.adminUrl}/events`, { signal: stop.signal });
    const chunks: string[] = [];
    const write = (chunk: Uint8Array): void => void chunks.push(Buffer.from(chunk).toString());
    void body?.pipeTo(new WritableStream({ write })).catch(() => {});
    await answerOnly(raw);
    await isNamed(lines, 'phone from no-packets');
    expect(await shown(raw)).toEqual(['phone from no-packets']);
    const metrics = await (await fetch(`${world.gateway.adminUrl}/metrics`)).text();
    expect(metrics).toContain('msgw_one_way_total{leg="phone",cause="no-packets"} 1');
    raw.rtp.talk(PHONE_HZ, { port: raw.gatewayRtp });
    await until(() => named(lines, 'media.one-way-over').includes('phone from no-packets'));
    expect(await shown(raw)).toEqual([]);
    const trace = await (await fetch(`${world.gateway.adminUrl}/calls/${call.id}/trace`)).text();
    expect(trace).toContain('one-way audio: no-packets');
    expect(trace).toContain('one-way audio over: no-packets');
    await until(() => chunks.join('').includes('event: media_one_way_over'));
    expect(chunks.join('')).toMatch(/event: media_one_way\ndata: .*"cause":"no-packets"/);
    expect(await hangUp(raw)).toMatchObject({
      cause: 'consumer-hangup',
      oneWay: [{ leg: 'phone', direction: 'from', cause: 'no-packets', ms: expect.any(Number) }],
    });
    expect(named(lines)).toEqual(['phone from no-packets']);
    expect(lines[0]).toMatchObject({ callId: call.id, level: 'warn', remedy: expect.any(String) });
  });

  it('goes on from another address than it said: refused, and the address is not in the log', async () => {
    const { options, lines } = watched();
    const raw = await talk(start, options);
    raw.rtp.hush();
    const elsewhere = await socketAt('127.0.0.2');
    const packet = Buffer.concat([Buffer.from('80000001000000000a0b0c0d', 'hex'), Buffer.alloc(160, 0xff)]);
    let sequence = 2_000;
    every(20, () => {
      packet.writeUInt16BE(sequence++ & 0xffff, 2);
      elsewhere.send(packet, raw.gatewayRtp, '127.0.0.1');
    });
    await isNamed(lines, 'phone from wrong-source');
    expect(JSON.stringify(lines)).not.toContain('127.0.0.2');
    expect(lines.at(-1)).toMatchObject({ evidence: { family: 'IPv4', packets: expect.any(Number) } });
    await hangUp(raw);
  });

  it('has another SRTP key than its SDP says', async () => {
    const { options, lines } = watched({ trunk: { srtp: 'required' } });
    const raw = await ring(start, options);
    const inline = randomBytes(30).toString('base64');
    const body = sdp({ port: raw.rtp.port }).replace('RTP/AVP', 'RTP/SAVP');
    await answerOnly(raw, `${body}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${inline}\r\n`);
    const key = { key: randomBytes(16), salt: randomBytes(14) };
    const session = new SrtpSession({ profile: 'AES_CM_128_HMAC_SHA1_80', local: key, remote: key });
    const socket = await socketAt();
    let sequence = 1;
    every(20, () => {
      const packet = Buffer.alloc(200, 0xff);
      packet.write('80000000000000000a0b0c0d', 0, 'hex');
      packet.writeUInt16BE(sequence++, 2);
      socket.send(packet.subarray(0, session.protectRtp(packet, 172)), raw.gatewayRtp, '127.0.0.1');
    });
    await isNamed(lines, 'phone from srtp-auth');
    expect(named(lines)).toEqual(['phone from srtp-auth']);
    await hangUp(raw);
  });

  it('sends PCMA, where PCMU was agreed', async () => {
    const { options, lines } = watched();
    const raw = await ring(start, options);
    await answerOnly(raw);
    raw.rtp.talk(PHONE_HZ, { port: raw.gatewayRtp, payloadType: 8 });
    await isNamed(lines, 'phone from payload-type');
    expect(lines[0]).toMatchObject({ evidence: { payloadType: 8, agreed: expect.stringMatching(/\b0\b/) } });
    await hangUp(raw);
  });

  it.each([
    ['says by RTCP that all of ours is lost', true, 'phone to not-received'],
    ['never reports ours by RTCP', false, 'phone to unreported'],
  ] as const)('%s', async (_name, reports, verdict) => {
    const { options, lines } = watched();
    const raw = await talk(start, options);
    const ours = raw.rtp.received[0]?.ssrc ?? 0;
    const socket = await socketAt();
    const report = Buffer.alloc(reports ? 32 : 8);
    report.write(reports ? '81c90007' : '80c90001', 0, 'hex');
    report.writeUInt32BE(0x0a0b0c0d, 4);
    if (reports) report.writeUInt32BE(ours, 8);
    if (reports) report[12] = 255;
    every(300, () => socket.send(report, raw.gatewayRtp + 1, '127.0.0.1'));
    await isNamed(lines, verdict);
    expect(named(lines)).toEqual([verdict]);
    await hangUp(raw);
  });

  it('is where no way leads: what we send is refused by the system', async () => {
    const { options, lines } = watched();
    const raw = await ring(start, options);
    // The broadcast address of loopback: the system refuses it (EACCES) as a firewall does (EPERM).
    await answerOnly(raw, sdp({ port: raw.rtp.port, address: '127.255.255.255' }));
    await isNamed(lines, 'phone to send-errors');
    await hangUp(raw);
  });

  it('names an address where nobody may point us: nothing is sent, and that is told', async () => {
    const { options, lines } = watched();
    const raw = await ring(start, options);
    await answerOnly(raw, sdp({ port: raw.rtp.port, address: '255.255.255.255' }));
    await isNamed(lines, 'phone to forbidden-address');
    await hangUp(raw);
  });

  it('sends silence while the consumer speaks: a hint', async () => {
    const { options, lines } = watched();
    const raw = await ring(start, options);
    await answerOnly(raw);
    raw.rtp.talk(0, { port: raw.gatewayRtp });
    await isNamed(lines, 'phone from silence');
    expect(lines).toMatchObject([{ level: 'info', hint: true }]);
    expect(await hangUp(raw)).toMatchObject({ oneWay: [{ cause: 'silence', hint: true }] });
  });
});

describe('the consumer', () => {
  it.each([
    ['ICE is blocked', 'no-ice', 'consumer from ice'],
    ['the DTLS handshake does not get on', 'no-dtls', 'consumer from dtls'],
    ['the SRTP keys are others', 'wrong-keys', 'consumer from srtp-auth'],
  ] as const)('%s', async (_name, mediaFault, verdict) => {
    const { options, lines } = watched({ consumer: { toneHz: CONSUMER_HZ, mediaFault } });
    const raw = await ring(start, options);
    await pickUp(raw);
    await isNamed(lines, verdict);
    expect(await shown(raw)).toEqual([verdict]);
    expect(named(lines)).toEqual([verdict]);
    const [leg, direction, cause] = verdict.split(' ');
    expect(await hangUp(raw)).toMatchObject({ oneWay: [{ leg, direction, cause }] });
  });

  it('is muted from the first: a hint, for nothing ever came', async () => {
    const { options, lines } = watched({ consumer: { toneHz: CONSUMER_HZ, muted: true } });
    const raw = await ring(start, options);
    await pickUp(raw);
    await isNamed(lines, 'consumer from never-heard');
    expect(lines).toMatchObject([{ level: 'info', hint: true }]);
    raw.call.mute(false);
    await until(() => named(lines, 'media.one-way-over').length === 1);
    await hangUp(raw);
  });
});

it('a healthy call of ten seconds, a muted and a held one: nothing is named', async () => {
  const { options, lines } = watched();
  const raw = await talk(start, options);
  /** What the consumer goes on hearing is the clock. */
  const lasts = (ms: number): Promise<void> => {
    const from = raw.call.recording().pcm.length;
    return until(() => raw.call.recording().pcm.length - from > ms * 16);
  };
  await lasts(10_000);
  raw.call.mute(true);
  await lasts(5_000);
  raw.call.mute(false);
  await until(() => raw.rtp.hears(CONSUMER_HZ));
  await offer(raw, sdp({ port: raw.rtp.port, version: 2, direction: 'inactive' }));
  raw.rtp.hush();
  await lasts(5_000);
  await offer(raw, sdp({ port: raw.rtp.port, version: 3 }));
  raw.rtp.talk(PHONE_HZ, { port: raw.gatewayRtp });
  await until(() => consumerHears(raw, PHONE_HZ) && raw.rtp.hears(CONSUMER_HZ));
  expect(await shown(raw)).toEqual([]);
  expect(await hangUp(raw)).not.toHaveProperty('oneWay');
  expect(lines).toEqual([]);
});
