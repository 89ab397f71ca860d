import { describe, expect, it } from 'vitest';
import { redactSdp, redactText } from '../../src/observe/index.ts';

const SDP = [
  'v=0',
  'o=- 5210987654321098765 2 IN IP4 127.0.0.1',
  'k=clear:hunter2',
  'a=msid-semantic: WMS 880011223:Kq7LmPz2VxYw4TnB:DEFAULT',
  'm=audio 40007 UDP/TLS/RTP/SAVPF 111',
  'a=ice-ufrag:Hd82kQpLx0ZtWmYc//57',
  'a=ice-pwd:9fKe3LtVbA7uXq2ZrNc5MdWy',
  'a=fingerprint:sha-256 0A:1B',
  'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20',
  'a=crypto:2  AES_CM_128_HMAC_SHA1_32   inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz',
  'a=crypto: 3 AEAD_AES_128_GCM inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVub+=|2^31 WSH=64',
  'a=X-unknown inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz',
  'a=msid:880011223:Kq7LmPz2VxYw4TnB:DEFAULT 4455667788990011223',
  'a=msid:- gw-audio-0',
  'a=ssrc:3100224466 cname:880011223:Kq7LmPz2VxYw4TnB',
  'a=ssrc:2190334455 cname:gw-7f3a',
];
const SECRETS = /9fKe3LtV|WVNfX19z|hunter2|880011223|Kq7LmPz2/;

describe('a session description for a log', () => {
  it.each([
    ['CRLF', '\r\n'],
    ['bare line feeds', '\n'],
  ])('has no password, key or person: %s', (_name, end) => {
    const redacted = redactSdp(SDP.join(end) + end);
    expect(redacted).not.toMatch(SECRETS);
    expect(redacted.split(end)).toHaveLength(SDP.length + 1);
    for (const kept of [
      'a=ice-ufrag:Hd82kQpLx0ZtWmYc//57',
      'a=fingerprint:sha-256 0A:1B',
      'a=msid:- gw-audio-0',
      'cname:gw-7f3a',
    ]) {
      expect(redacted).toContain(kept);
    }
    expect(redactSdp(redacted)).toBe(redacted);
  });

  it('has none inside of JSON text either', () => {
    const { 2: _clear, ...rest } = SDP;
    const redacted = redactSdp(JSON.stringify({ sdp: Object.values(rest).join('\r\n'), next: 'kept' }));
    expect(redacted).not.toMatch(SECRETS);
    expect(JSON.parse(redacted)).toMatchObject({ next: 'kept' });
  });
});

describe('running text for a log', () => {
  it.each([
    ['Authorization: Bearer EAAB.abc|def-1', 'Authorization: Bearer [secret]'],
    ['GET /v26.0/1?access_token=EAABx&fields=name', 'GET /v26.0/1?access_token=[secret]&fields=name'],
    ['?fields=name&appsecret_proof=12a6', '?fields=name&appsecret_proof=[secret]'],
    ['{"access_token":"abc","x":1}', '{"access_token":"[secret]","x":1}'],
    ['hub.verify_token=xyz&hub.mode=subscribe', 'hub.verify_token=[secret]&hub.mode=subscribe'],
    [
      'Digest username="100", response="9f86d081", uri="sip:x"',
      'Digest username="100", response="[secret]", uri="sip:x"',
    ],
    ['token EAABsbCS1iHgBAKZCZBexampleexample leaked', 'token [secret] leaked'],
    ['nothing to hide: a token of thanks', 'nothing to hide: a token of thanks'],
  ])('%s', (text, redacted) => {
    expect(redactText(text)).toBe(redacted);
  });
});
