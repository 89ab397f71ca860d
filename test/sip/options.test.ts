import { expect, test } from 'vitest';
import type { OptionsRequest } from '../../src/sip/index.ts';
import { Peer } from './support/peer.ts';
import { startCuttableLeg, startLeg } from './support/server.ts';

const to = (peer: Peer, more: Partial<OptionsRequest> = {}): OptionsRequest => ({
  uri: `sip:127.0.0.1:${peer.port}`,
  from: { user: 'gateway' },
  ...more,
});

test('asks the server itself, and tells what it is told', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const answer = sip.options(to(peer));
  const options = await peer.request('OPTIONS');
  expect(options.start).toBe(`OPTIONS sip:127.0.0.1:${peer.port} SIP/2.0`);
  expect(options.headers.get('from')).toMatch(/^<sip:gateway@127\.0\.0\.1/);
  expect(options.headers.get('accept')).toContain('application/sdp');
  peer.respond(options, 200);
  expect(await answer).toEqual({ ok: true, value: 200 });
});

test.each([
  [404, {}, { kind: 'response', status: 404 }],
  [503, { 'Retry-After': '30' }, { kind: 'response', status: 503, retryAfterS: 30 }],
])('%i is an answer too', async (status, headers, error) => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const answer = sip.options(to(peer));
  peer.respond(await peer.request('OPTIONS'), status, { headers });
  expect(await answer).toMatchObject({ ok: false, error });
});

test('a challenge is answered in the same dialogue: Call-ID and From tag stay, CSeq is one higher', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  const answer = sip.options(to(peer, { credentials: { username: 'gw', password: 'secret' } }));
  const first = await peer.request('OPTIONS');
  peer.respond(first, 401, {
    headers: { 'WWW-Authenticate': 'Digest realm="pbx", nonce="n1", qop="auth", algorithm=SHA-256' },
  });
  const second = await peer.request('OPTIONS');
  expect(second.headers.get('authorization')).toMatch(/username="gw".*uri="sip:127\.0\.0\.1:\d+"/);
  for (const name of ['call-id', 'from']) expect(second.headers.get(name)).toBe(first.headers.get(name));
  const cseq = (text = ''): number => Number.parseInt(text, 10);
  expect(cseq(second.headers.get('cseq'))).toBe(cseq(first.headers.get('cseq')) + 1);
  peer.respond(second, 200);
  expect(await answer).toEqual({ ok: true, value: 200 });
});

test('silence ends it after its own time', async () => {
  const { sip } = await startLeg();
  const peer = await Peer.start();
  expect(await sip.options(to(peer, { timeoutMs: 200 }))).toMatchObject({
    ok: false,
    error: { kind: 'timeout', status: 408 },
  });
  expect(peer.received.some(({ method }) => method === 'OPTIONS')).toBe(true);
});

test('a lost control connection ends it, and says that it was not the peer', async () => {
  const { sip, line, states } = await startCuttableLeg();
  const peer = await Peer.start();
  const answer = sip.options(to(peer));
  await peer.request('OPTIONS');
  line.cut();
  expect(await answer).toMatchObject({ ok: false, error: { kind: 'control-lost' } });
  await states.next();
  await sip.close();
  expect(await sip.options(to(peer))).toMatchObject({ ok: false, error: { kind: 'control-lost' } });
});
