import { connectIn } from './connect.ts';
import type { WirePacket } from './wire.ts';

const META_CALL_ID = /^x-meta-call-id\s*:\s*(\S+)/im;

/** In ms, of each call: from the last byte of its webhook to the first INVITE that the phone gets. */
export function inviteTimes(
  packets: readonly WirePacket[],
  ports: { readonly webhook: number; readonly phone: number },
): number[] {
  const times: number[] = [];
  const called = new Map<string, number>();
  for (const { atMs, protocol, to, content } of packets) {
    if (protocol === 'tcp' && to === ports.webhook) {
      const id = connectIn(content);
      if (id !== undefined && !called.has(id)) called.set(id, atMs);
    } else if (protocol === 'udp' && to === ports.phone && content.startsWith('INVITE ')) {
      const id = META_CALL_ID.exec(content)?.[1] ?? '';
      const began = called.get(id);
      if (began !== undefined) times.push(atMs - began);
      called.delete(id);
    }
  }
  return times;
}
