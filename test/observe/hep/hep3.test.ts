import { expect, it } from 'vitest';
import { hep3, rtcpJson } from '../../../src/observe/index.ts';
import { leg } from '../trace/view.ts';

const hex = (text: string): string => text.replace(/\s+/g, '');

/** Chunks by the HEP3 network protocol specification (rev. 12): vendor, type, length with the six bytes of this head. */
it('writes the chunks of the specification, byte for byte', () => {
  const packet = hep3({
    protocol: 'udp',
    from: { address: '212.202.0.1', port: 12_010 },
    to: { address: '82.116.0.211', port: 5_060 },
    atMs: 0x4e49_82cb * 1_000 + 0.234,
    type: 'sip',
    captureId: 228,
    password: 'myhep',
    correlationId: 'c_1',
    payload: Buffer.from('INVITE sip:bob'),
  });
  expect(packet?.toString('hex')).toBe(
    hex(`
      48455033 0085
      0000 0001 0007 02
      0000 0002 0007 11
      0000 0003 000a d4ca0001
      0000 0004 000a 527400d3
      0000 0007 0008 2eea
      0000 0008 0008 13c4
      0000 0009 000a 4e4982cb
      0000 000a 000a 000000ea
      0000 000b 0007 01
      0000 000c 000a 000000e4
      0000 000e 000b 6d79686570
      0000 0011 0009 635f31
      0000 000f 0014 494e56495445207369703a626f62
    `),
  );
});

it('IPv6, TCP and RTCP have their own numbers; an IPv4 beside IPv6 is mapped', () => {
  const packet = hep3({
    protocol: 'tcp',
    from: { address: '2001:db8::1:2', port: 1 },
    to: { address: '192.0.2.1', port: 2 },
    atMs: 1,
    type: 'rtcp',
    captureId: 1,
    payload: Buffer.from('{}'),
  })?.toString('hex');
  expect(packet).toContain(hex('0000 0001 0007 0a'));
  expect(packet).toContain(hex('0000 0002 0007 06'));
  expect(packet).toContain(hex('0000 0005 0016 20010db8000000000000000000010002'));
  expect(packet).toContain(hex('0000 0006 0016 00000000000000000000ffffc0000201'));
  expect(packet).toContain(hex('0000 000b 0007 05'));
});

it('what is longer than the format can say is not written', () => {
  const options = {
    protocol: 'udp',
    from: { address: '192.0.2.1', port: 1 },
    to: { address: '192.0.2.2', port: 2 },
    atMs: 1,
    type: 'sip',
    captureId: 1,
  } as const;
  expect(hep3({ ...options, payload: Buffer.alloc(65_600) })).toBeUndefined();
  expect(hep3({ ...options, payload: Buffer.alloc(65_000) })?.readUInt16BE(4)).toBeGreaterThan(65_000);
});

it('a report on a leg, as capture agents write RTCP', () => {
  const told = rtcpJson({ ...leg, lost: 50, report: { ...leg.report, lost: 70 } }, 1_000_500);
  expect(JSON.parse(told)).toEqual({
    sender_information: {
      ntp_timestamp_sec: 1_000 + 2_208_988_800,
      ntp_timestamp_usec: 2 ** 31,
      octets: 80_000,
      rtp_timestamp: 0,
      packets: 500,
    },
    ssrc: 1,
    type: 200,
    report_count: 1,
    // 50 of 300 in the interval, in 256ths.
    report_blocks: [
      {
        source_ssrc: 2,
        highest_seq_no: 900,
        fraction_lost: 42,
        ia_jitter: 12,
        packets_lost: 70,
        lsr: 0,
        dlsr: 0,
      },
    ],
    sdes_ssrc: 1,
  });
});
