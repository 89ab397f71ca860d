import { expect, it } from 'vitest';
import { type MetaDescription, parseMetaDescription } from '../../src/sdp/index.ts';
import { answerB, FINGERPRINT, offerC, offerD } from './meta-templates.ts';

function parsed(sdp: string): MetaDescription {
  const result = parseMetaDescription(sdp);
  if (!result.ok) throw result.error;
  return result.value;
}

it('reads the answer: ICE-lite, candidates of both families, one fingerprint, passive', () => {
  const b = parsed(answerB());
  expect(b.ice).toEqual({ ufrag: 'Hd82kQpLx0ZtWmYc/57', pwd: '9fKe3LtVbA7uXq2ZrNc5MdWy', lite: true });
  expect(b.fingerprint).toBe(FINGERPRINT);
  expect(b.setup).toBe('passive');
  expect(b.candidates.map((c) => [c.transport, c.address, c.port, c.type])).toEqual([
    ['udp', '198.51.100.20', 40007, 'host'],
    ['udp', '2001:db8:face::20', 40007, 'host'],
    ['tcp', '198.51.100.20', 3478, 'host'],
    ['tcp', '2001:db8:face::20', 3478, 'host'],
  ]);
  expect(b.media).toHaveLength(1);
});

it.each([
  ['LF', (sdp: string) => sdp.replaceAll('\r\n', '\n')],
  ['CR', (sdp: string) => sdp.replaceAll('\r\n', '\r')],
  ['no line end at the end', (sdp: string) => sdp.trimEnd()],
  ['CRCRLF and blank lines', (sdp: string) => sdp.replaceAll('\r\n', '\r\r\n  \n')],
  ['blanks at line ends', (sdp: string) => sdp.replaceAll('\r\n', ' \r\n')],
])('means the same with %s', (_, change) => {
  for (const sdp of [answerB(), offerC(), offerD()]) expect(parsed(change(sdp))).toEqual(parsed(sdp));
});

it('does not look at o=, and ignores lines it does not know', () => {
  expect(parsed(offerC({ version: 99 }))).toEqual(parsed(offerC()));
  const strange = offerC().replaceAll('a=rtcp-mux', 'a=zz-unknown:1 2 3\r\na=zz\r\nx=?\r\na=rtcp-mux');
  expect(parsed(strange)).toEqual(parsed(offerC()));
});

it('takes the sha-256 fingerprint among several, in any case', () => {
  const other = `a=fingerprint:sha-512 ${Array(64).fill('11').join(':')}`;
  for (const order of [(line: string) => `${other}\r\n${line}`, (line: string) => `${line}\r\n${other}`]) {
    const sdp = answerB().replace(/a=fingerprint:.*(?=\r)/g, (line) => order(line.toLowerCase()));
    expect(parsed(sdp).fingerprint).toBe(FINGERPRINT);
  }
});

it('finds the transport when it stands at session level, or not in the first section', () => {
  const lines = answerB().split('\r\n');
  const moved = lines.filter((line) => /^a=(ice-ufrag|ice-pwd|fingerprint|setup)/.test(line));
  const rest = lines.filter((line) => !moved.includes(line));
  const at = rest.findIndex((line) => line.startsWith('m='));
  const sdp = [...rest.slice(0, at), ...moved, ...rest.slice(at)].join('\r\n');
  expect(parsed(sdp)).toMatchObject({
    fingerprint: FINGERPRINT,
    setup: 'passive',
    ice: parsed(answerB()).ice,
  });
  const rejected = answerB().replace('m=audio', 'm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:9\r\nm=audio');
  expect(parsed(rejected).ice).toEqual(parsed(answerB()).ice);
});

it('keeps digits-only values as text', () => {
  const sdp = answerB()
    .replace(/a=ice-ufrag:.*\r\n/, 'a=ice-ufrag:1234\r\n')
    .replace(/a=ice-pwd:.*\r\n/, 'a=ice-pwd:1234567890123456789012\r\n')
    .replace(/a=fmtp:111.*\r\n/, 'a=fmtp:111 5\r\n');
  expect(parsed(sdp).ice).toMatchObject({ ufrag: '1234', pwd: '1234567890123456789012' });
});

it.each([
  ['SDP_MALFORMED', 'v=', () => ''],
  ['SDP_MALFORMED', 'v=', () => '{"sdp":"v=0"}'],
  ['SDP_NO_AUDIO', 'm=audio', () => answerB().slice(0, answerB().indexOf('m=audio'))],
  ['SDP_NO_ICE', 'a=ice-ufrag', () => answerB().replace(/a=ice-ufrag.*\r\n/, '')],
  ['SDP_NO_ICE', 'a=ice-pwd', () => answerB().replace(/a=ice-pwd.*\r\n/, '')],
  ['SDP_NO_FINGERPRINT', 'a=fingerprint', () => answerB().replace(/a=fingerprint.*\r\n/, '')],
  ['SDP_NO_FINGERPRINT', 'a=fingerprint', () => answerB().replace(/sha-256 .*\r\n/, 'sha-256 AB:CD\r\n')],
  ['SDP_NO_FINGERPRINT', 'a=fingerprint', () => answerB().replace(/sha-256/, 'sha-1')],
])('says %s and the line %s', (code, line, sdp) => {
  expect(parseMetaDescription(sdp())).toMatchObject({ ok: false, error: { code, detail: { line } } });
});
