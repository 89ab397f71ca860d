import { parse } from 'sdp-transform';
import { expect, it } from 'vitest';
import { buildLocalAnswer, parseMetaDescription } from '../../src/sdp/index.ts';
import { FINGERPRINT, offerC, offerD } from './meta-templates.ts';

const ours = {
  sessionId: '5210987654321098765',
  candidates: [{ foundation: '1', priority: 2130706431, address: '203.0.113.10', port: 50040 }],
  iceUfrag: 'k3Vz',
  icePwd: 'Yp2mXw9QdRt5uBn8sLc4HfJa',
  fingerprint: FINGERPRINT,
  ssrc: 2190334455,
  cname: 'gw-7f3a',
  streamId: 'gw-stream',
  trackId: 'gw-audio-0',
};

function answer(offer: string): { text: string; media: ReturnType<typeof parse>['media'] } {
  const parsed = parseMetaDescription(offer);
  if (!parsed.ok) throw parsed.error;
  const text = buildLocalAnswer(parsed.value, ours, 2);
  return { text, media: parse(text).media };
}

it('answers C: mid 0 sendonly with our SSRC, mid 1 recvonly, DTLS client, same ICE', () => {
  const { text, media } = answer(offerC());
  expect(text).toContain('o=- 5210987654321098765 2 IN IP4 203.0.113.10\r\n');
  expect(text).toContain('a=group:BUNDLE 0 1\r\n');
  expect(media.map((m) => [String(m.mid), m.direction, m.setup, m.iceUfrag])).toEqual([
    ['0', 'sendonly', 'active', 'k3Vz'],
    ['1', 'recvonly', 'active', 'k3Vz'],
  ]);
  expect(text.match(/a=msid:.*/g)).toEqual(['a=msid:gw-stream gw-audio-0']);
  expect(media.map((m) => m.ssrcs?.[0]?.id)).toEqual([2190334455, undefined]);
});

it('answers D: video inactive in its place, never with port 0, telephone-event kept', () => {
  const { media } = answer(offerD());
  expect(media.map((m) => [m.type, String(m.mid), m.direction])).toEqual([
    ['audio', '0', 'sendonly'],
    ['video', '1', 'inactive'],
    ['video', '2', 'inactive'],
    ['audio', '3', 'recvonly'],
  ]);
  expect(media.every((m) => m.port === 9)).toBe(true);
  expect(media[3]?.rtp.map((rtp) => rtp.codec)).toEqual(['opus', 'telephone-event']);
  expect(media[1]?.payloads).toBe(109);
});

it('gives port 0 back only to a line that Meta offers with it, outside the bundle', () => {
  const [head = '', first = '', second = ''] = offerC().split(/(?=m=audio)/);
  const { text, media } = answer(head + first + second.replace('m=audio 40007', 'm=audio 0'));
  expect(media.map((m) => [m.port, m.direction])).toEqual([
    [9, 'sendonly'],
    [0, 'inactive'],
  ]);
  expect(text).toContain('a=group:BUNDLE 0\r\n');
});
