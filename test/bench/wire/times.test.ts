import { expect, it } from 'vitest';
import { inviteTimes } from './invite-times.ts';
import { refusalTimes } from './refusal-times.ts';
import type { WirePacket } from './wire.ts';

const PORTS = { webhook: 80, graph: 90, sip: 5060 };
const tcp = (atMs: number, from: number, to: number, content: string): WirePacket => ({
  ...{ atMs, protocol: 'tcp', from, to, content },
});
const udp = (atMs: number, from: number, to: number, content: string): WirePacket => ({
  ...{ atMs, protocol: 'udp', from, to, content },
});

it('times a webhook from its last byte to its 200, and a consumer from there to the reject', () => {
  const packets = [
    tcp(5, 7001, 80, 'POST /webhook HTTP/1.1\r\n\r\n'),
    tcp(10, 7001, 80, '{"calls":[{"id":"c_1","event":"connect"}]}'),
    tcp(11, 7002, 80, '{"calls":[{"id":"c_2","event":"terminate"}]}'),
    tcp(14, 80, 7001, 'HTTP/1.1 200 OK\r\n\r\n'),
    tcp(15, 80, 7002, 'HTTP/1.1 500 Oops\r\n\r\n'),
    tcp(30, 7003, 90, '{"platform":"messenger","call_id":"c_2","action":"reject"}'),
    tcp(40, 7003, 90, '{"platform":"messenger","call_id":"c_1","action":"reject"}'),
    // Sent again.
    tcp(90, 7003, 90, '{"platform":"messenger","call_id":"c_1","action":"reject"}'),
  ];
  expect(refusalTimes(packets, PORTS)).toEqual({ webhookMs: [4], rejectMs: [30], refusedMs: [] });
});

it('times a phone from its first INVITE to the 503', () => {
  const packets = [
    udp(1, 6000, 5060, 'INVITE sip:1@h SIP/2.0\r\nCall-ID: a\r\n\r\n'),
    udp(2, 6001, 5060, 'INVITE sip:1@h SIP/2.0\r\nCall-ID: b\r\n\r\n'),
    udp(3, 5060, 6000, 'SIP/2.0 100 Trying\r\nCall-ID: a\r\n\r\n'),
    udp(501, 6000, 5060, 'INVITE sip:1@h SIP/2.0\r\nCall-ID: a\r\n\r\n'),
    udp(511, 5060, 6000, 'SIP/2.0 503 Service Unavailable\r\nCall-ID: a\r\n\r\n'),
    udp(512, 5060, 6000, 'SIP/2.0 503 Service Unavailable\r\nCall-ID: a\r\n\r\n'),
    udp(513, 5060, 6001, 'SIP/2.0 200 OK\r\nCall-ID: b\r\n\r\n'),
  ];
  expect(refusalTimes(packets, PORTS)).toEqual({ webhookMs: [], rejectMs: [], refusedMs: [510] });
});

it('times a call from its webhook to the first INVITE at the phone', () => {
  const invite = (id: string): string =>
    `INVITE sip:1@h SIP/2.0\r\nCall-ID: a\r\nX-Meta-Call-Id: ${id}\r\n\r\n`;
  const packets = [
    tcp(10, 7001, 80, '{"calls":[{"id":"c_1","event":"connect"}]}'),
    tcp(12, 7002, 80, '{"calls":[{"id":"c_2","event":"connect"}]}'),
    tcp(13, 7002, 80, '{"calls":[{"id":"c_2","event":"terminate"}]}'),
    udp(17, 5060, 5070, invite('c_2')),
    udp(19, 5060, 5070, invite('c_1')),
    // Sent again; and one of nobody whom we know.
    udp(519, 5060, 5070, invite('c_1')),
    udp(520, 5060, 5070, invite('c_3')),
    udp(521, 5060, 5080, invite('c_1')),
  ];
  expect(inviteTimes(packets, { webhook: 80, phone: 5070 })).toEqual([5, 9]);
});
