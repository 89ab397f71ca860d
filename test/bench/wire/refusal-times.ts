import { connectIn } from './connect.ts';
import type { WirePacket } from './wire.ts';

/** Of the gateway, but for Graph's. */
export interface RefusalPorts {
  readonly webhook: number;
  readonly graph: number;
  readonly sip: number;
}

/** In ms: from the last byte of a request of Meta's or a phone's to what the gateway says of it. */
export interface RefusalTimes {
  readonly webhookMs: readonly number[];
  readonly rejectMs: readonly number[];
  readonly refusedMs: readonly number[];
}

const CALL_ID = /"call_?id"\s*:\s*"([^"]+)"/i;

/**
 * Times of webhooks (200), refused consumers (`reject` at Graph) and refused phones (503), by what passed on the wire.
 * Each HTTP connection carries one request at a time.
 */
export function refusalTimes(packets: readonly WirePacket[], ports: RefusalPorts): RefusalTimes {
  const webhookMs: number[] = [];
  const rejectMs: number[] = [];
  const refusedMs: number[] = [];
  const asked = new Map<number, number>();
  const called = new Map<string, number>();
  const invited = new Map<string, number>();
  for (const { atMs, protocol, from, to, content } of packets) {
    if (protocol === 'tcp' && to === ports.webhook) {
      asked.set(from, atMs);
      const id = connectIn(content);
      if (id !== undefined && !called.has(id)) called.set(id, atMs);
    } else if (protocol === 'tcp' && from === ports.webhook) {
      const began = asked.get(to);
      if (began !== undefined && content.startsWith('HTTP/1.1 200')) webhookMs.push(atMs - began);
      asked.delete(to);
    } else if (protocol === 'tcp' && to === ports.graph) {
      if (!/"action"\s*:\s*"reject"/.test(content)) continue;
      const id = CALL_ID.exec(content)?.[1] ?? '';
      const began = called.get(id);
      if (began !== undefined) rejectMs.push(atMs - began);
      called.delete(id);
    } else if (protocol === 'udp' && (to === ports.sip || from === ports.sip)) {
      const id = /^call-id\s*:\s*(\S+)/im.exec(content)?.[1] ?? '';
      if (to === ports.sip && content.startsWith('INVITE ') && !invited.has(id)) invited.set(id, atMs);
      const began = invited.get(id);
      if (from === ports.sip && content.startsWith('SIP/2.0 503') && began !== undefined) {
        refusedMs.push(atMs - began);
        invited.delete(id);
      }
    }
  }
  return { webhookMs, rejectMs, refusedMs };
}
