import type { SocketAddress, TraceView } from '../trace/entry.ts';
import { type PcapPacket, pcapng } from './pcapng.ts';
import { udpPacket } from './udp-packet.ts';

/** One RTP or RTCP packet of a leg; the gateway's captures fit. */
export interface CapturedPacket {
  readonly atMs: number;
  readonly leg: 'consumer' | 'phone';
  readonly inbound: boolean;
  readonly rtcp: boolean;
  /** Why it went no further; undefined: it was used. */
  readonly dropped?: string | undefined;
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  /** In the clear. */
  readonly bytes: Uint8Array;
  /** Zeros stand for the audio. */
  readonly blank: boolean;
}

const INTERFACES = [
  { name: 'sip', description: 'SIP with phones; TCP and TLS written as UDP' },
  { name: 'consumer', description: 'media with Meta, SRTP taken off' },
  { name: 'phone', description: 'media with the phone, SRTP taken off' },
] as const;

/**
 * SIP of a call's trace, and packets of its media, as one pcapng file. Every SIP message is a UDP datagram between the
 * addresses that it really went, because TLS could not be read and TCP has no meaning without all of its segments.
 */
export function callPcap(view: TraceView, captured: readonly CapturedPacket[]): Buffer {
  const packets = [...view.entries.flatMap(sipPacket), ...captured.map(mediaPacket)];
  packets.sort((a, b) => a.atMs - b.atMs);
  return pcapng('messenger-sip-gateway', INTERFACES, packets);
}

function sipPacket({ atMs, what, sip }: TraceView['entries'][number]): PcapPacket[] {
  if (!sip) return [];
  const { direction, protocol, local, remote, text } = sip;
  const inbound = direction === 'in';
  const bytes = way(inbound, local, remote, Buffer.from(text));
  return [{ interface: 0, atMs, inbound, comment: `SIP over ${protocol}: ${what}`, bytes }];
}

function mediaPacket({
  atMs,
  leg,
  inbound,
  rtcp,
  dropped,
  local,
  remote,
  bytes,
  blank,
}: CapturedPacket): PcapPacket {
  const comment = [
    `${leg} leg, ${inbound ? 'from' : 'to'} the ${leg}: ${rtcp ? 'RTCP' : 'RTP'}`,
    ...(dropped === undefined ? [] : [`dropped: ${dropped}`]),
    ...(blank ? ['payload blanked'] : []),
  ].join(', ');
  return {
    interface: leg === 'consumer' ? 1 : 2,
    atMs,
    inbound,
    comment,
    bytes: way(inbound, local, remote, bytes),
  };
}

const way = (inbound: boolean, local: SocketAddress, remote: SocketAddress, payload: Uint8Array): Buffer =>
  inbound ? udpPacket(remote, local, payload) : udpPacket(local, remote, payload);
