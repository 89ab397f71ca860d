import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { signatureOf } from '../../src/meta/index.ts';
import { accept, ask, offer, SECRET, start, TOKEN } from './world.ts';

it.each([
  ['no ICE password', offer.replace(/a=ice-pwd.*\r\n/, '')],
  ['no ICE name', offer.replace(/a=ice-ufrag.*\r\n/, '')],
  ['no fingerprint', offer.replace(/a=fingerprint.*\r\n/, '')],
  ['two fingerprints', offer.replace(/(a=fingerprint.*\r\n)/, '$1$1')],
  ['a sha-512 fingerprint', offer.replace('sha-256', 'sha-512')],
  ['no setup', offer.replace(/a=setup.*\r\n/, '')],
  ['setup:active', offer.replace('actpass', 'active')],
  ['bare line feeds', offer.replaceAll('\r\n', '\n')],
  ['ice-lite', offer.replace('a=group', 'a=ice-lite\r\na=group')],
  ['no Opus', offer.replaceAll('opus/48000/2', 'PCMU/8000')],
  ['no audio', offer.replace('m=audio', 'm=video')],
  ['text that was serialised twice', JSON.stringify(offer)],
])('refuses an offer with %s (2018392)', async (_name, sdp) => {
  const { simulator } = await start();
  const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440 });
  expect(await ask(simulator, accept(call.id, sdp))).toMatchObject({
    status: 400,
    body: { error: { code: 2018392 } },
  });
  expect(call.state).toBe('ringing');
});

it('refuses by token, proof, Page, call, action and state, each as Meta does', async () => {
  const { simulator, clock } = await start({ requireAppSecretProof: true });
  const proof = `?appsecret_proof=${createHmac('sha256', SECRET).update(TOKEN).digest('hex')}`;
  const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440 });
  const code = async (body: object, change: Parameters<typeof ask>[2]): Promise<string> => {
    const { error } = (await ask(simulator, body, change)).body;
    return `${error?.code}/${error?.error_subcode ?? ''}`;
  };
  expect(await code(accept(call.id), { token: 'wrong', query: proof })).toBe('190/');
  expect(await code(accept(call.id), {})).toBe('100/');
  expect(await code(accept(call.id), { query: '?appsecret_proof=00' })).toBe('100/');
  expect(await code(accept(call.id), { page: '11', query: proof })).toBe('100/33');
  expect(await code(accept('c_nobody'), { query: proof })).toBe('2018390/');
  expect(await code({ action: 'connect', to: '7' }, { query: proof })).toBe('100/');
  expect(await code({ ...accept(call.id), platform: 'carrier-pigeon' }, { query: proof })).toBe('100/');
  simulator.audioEnabled = false;
  expect(await code(accept(call.id), { query: proof })).toBe('100/1893056');
  simulator.audioEnabled = true;
  const good = await ask(simulator, accept(call.id), { query: proof });
  expect(good).toMatchObject({
    status: 200,
    body: { success: true, session: { sdp_response: { sdp_type: 'answer' } } },
  });
  expect(await code(accept(call.id), { query: proof })).toBe('100/');
  expect(await code({ action: 'reject', call_id: call.id }, { query: proof })).toBe('100/');
  expect(await ask(simulator, { action: 'TERMINATE', call_id: call.id }, { query: proof })).toMatchObject({
    status: 200,
    body: { success: true },
  });
  await call.ended;
  expect(await code(accept(call.id), { query: proof })).toBe('2018396/');
  // 60 s to accept.
  const unanswered = simulator.consumer({ psid: '8' }).call({ toneHz: 440 });
  clock.advance(60_000);
  expect(await unanswered.ended).toMatchObject({ status: 'Completed', by: 'meta' });
  expect(await code(accept(unanswered.id), { query: proof })).toBe('2018396/');
});

it('signs the exact bytes, escapes as Meta does, and delivers again until it is answered 200', async () => {
  const { simulator, receiver, clock } = await start();
  receiver.answers = [500, 503];
  simulator.consumer({ psid: '7' }).call({ toneHz: 440 });
  await receiver.count(1);
  while (receiver.bodies.length < 3) {
    clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const { raw, signature } of receiver.bodies) {
    expect(signature).toBe(signatureOf(raw, SECRET));
    expect(raw).toEqual(receiver.bodies[0]?.raw);
  }
  await simulator.webhooks.call('10', { event: 'connect', id: 'c_ü/x', timestamp: 1 });
  const text = receiver.bodies.at(-1)?.raw.toString('latin1') ?? '';
  expect(text).toContain('c_\\u00fc\\/x');
});

it('ends a call that hears nothing of the business, and closes without a timer left', async () => {
  const { simulator, clock } = await start();
  const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440 });
  await ask(simulator, accept(call.id));
  clock.advance(20_000);
  expect(await call.ended).toMatchObject({ status: 'Failed', by: 'meta' });
  await simulator.close();
  expect(clock.armed).toBe(0);
});
