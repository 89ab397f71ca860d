import { expect, it } from 'vitest';
import { callPcap } from '../../../src/observe/index.ts';
import { sipOf, viewOf } from '../trace/view.ts';

const media = {
  leg: 'phone',
  inbound: true,
  rtcp: false,
  local: { address: '192.0.2.1', port: 30_000 },
  remote: { address: '198.51.100.7', port: 4_000 },
  blank: true,
} as const;

interface Block {
  readonly type: number;
  readonly body: Buffer;
}

/** Block by block, each with its length at both ends. */
function blocksOf(file: Buffer): Block[] {
  const blocks: Block[] = [];
  for (let at = 0; at < file.length; ) {
    const length = file.readUInt32LE(at + 4);
    expect(length % 4).toBe(0);
    expect(file.readUInt32LE(at + length - 4)).toBe(length);
    blocks.push({ type: file.readUInt32LE(at), body: file.subarray(at + 8, at + length - 4) });
    at += length;
  }
  return blocks;
}

/** RFC 1071, over what must sum up to nothing. */
function sum(bytes: Buffer): number {
  let total = 0;
  for (let i = 0; i < bytes.length; i += 2) total += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

it('is one section with an interface for SIP and each leg, then packets in the order of time', () => {
  const view = viewOf([{ atMs: 2_000.5, what: 'BYE', sip: sipOf('BYE sip:a@b SIP/2.0\r\n\r\n') }]);
  const packets = [{ ...media, atMs: 1_789_000_000_000.125, bytes: Buffer.alloc(172, 1) }];
  const blocks = blocksOf(callPcap(view, packets));
  expect(blocks.map(({ type }) => type)).toEqual([0x0a0d0d0a, 1, 1, 1, 6, 6]);
  expect(blocks[0]?.body.readUInt32LE(0)).toBe(0x1a2b3c4d);
  expect(blocks[1]?.body.readUInt16LE(0)).toBe(101);
  const [sip, rtp] = blocks.slice(4).map(({ body }) => ({
    interface: body.readUInt32LE(0),
    micros: (BigInt(body.readUInt32LE(4)) << 32n) | BigInt(body.readUInt32LE(8)),
    bytes: body.subarray(20, 20 + body.readUInt32LE(12)),
    rest: body.toString('latin1'),
  }));
  expect(sip).toMatchObject({ interface: 0, micros: 2_000_500n });
  expect(sip?.rest).toContain('SIP over udp: BYE');
  expect(rtp).toMatchObject({ interface: 2, micros: 1_789_000_000_000_125n });
  expect(rtp?.rest).toContain('phone leg, from the phone: RTP, payload blanked');
});

it('IP and UDP have true addresses, lengths and checksums', () => {
  const [v4] = blocksOf(callPcap(viewOf([]), [{ ...media, atMs: 1, bytes: Buffer.of(1, 2, 3) }])).slice(4);
  const ip = v4?.body.subarray(20, 20 + 31) ?? Buffer.alloc(0);
  expect([...ip.subarray(12, 20)]).toEqual([198, 51, 100, 7, 192, 0, 2, 1]);
  expect(ip.readUInt16BE(2)).toBe(31);
  expect(sum(ip.subarray(0, 20))).toBe(0xffff);
  expect([ip.readUInt16BE(20), ip.readUInt16BE(22), ip.readUInt16BE(24)]).toEqual([4_000, 30_000, 11]);
  expect(sum(Buffer.concat([ip.subarray(12, 20), Buffer.of(0, 17, 0, 11), ip.subarray(20)]))).toBe(0xffff);
  const six = {
    ...media,
    local: { address: '2001:db8::1', port: 1 },
    remote: { address: 'fe80::2%eth0', port: 2 },
  };
  const [v6] = blocksOf(callPcap(viewOf([]), [{ ...six, atMs: 1, bytes: Buffer.of(1, 2, 3) }])).slice(4);
  const packet = v6?.body.subarray(20, 20 + 51) ?? Buffer.alloc(0);
  expect(packet.subarray(8, 40).toString('hex')).toBe(
    'fe80000000000000000000000000000220010db8000000000000000000000001',
  );
  const pseudo = Buffer.concat([packet.subarray(8, 40), Buffer.of(0, 0, 0, 11, 0, 0, 0, 17)]);
  expect(sum(Buffer.concat([pseudo, packet.subarray(40)]))).toBe(0xffff);
});
