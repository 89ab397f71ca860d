import { expect, it } from 'vitest';
import { post, rawConnection, servers } from './servers.ts';

it('one source has so many connections and no more, and room again when one is closed; both ports count alone', async () => {
  const rig = await servers({ limits: { maxConnections: 8, maxConnectionsPerSource: 2 } });
  const held = [await rawConnection(rig.webhookUrl), await rawConnection(rig.webhookUrl)];
  expect(await (await rawConnection(rig.webhookUrl)).closed).toBe('');
  expect(rig.refused()).toEqual([{ port: 'webhook', reason: 'source', count: 1 }]);
  const admin = await rawConnection(rig.adminUrl);
  admin.socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  expect(await admin.closed).toMatch(/^HTTP\/1.1 \d{3} /);
  held[0]?.socket.destroy();
  await held[0]?.closed;
  // The server hears of the end a moment later.
  for (;;) {
    const again = await rawConnection(rig.webhookUrl);
    again.socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    if ((await again.closed) !== '') break;
  }
});

it('refusals are counted by fixed words, whoever comes and however often', async () => {
  const rig = await servers({
    admin: { tokens: () => [{ name: 'a', scopes: ['metrics'], secret: 'x'.repeat(32) }] },
  });
  for (let i = 0; i < 3; i++)
    await post(rig.webhookUrl, `{"i":${i}}`, { 'x-hub-signature-256': `sha256=${i}` });
  await fetch(`${rig.webhookUrl}?hub.mode=subscribe&hub.verify_token=wrong&hub.challenge=1`);
  for (const headers of [
    {},
    { authorization: 'Bearer wrong' },
    { authorization: `Bearer ${'x'.repeat(32)}` },
  ])
    await fetch(`${rig.adminUrl}/calls`, { headers });
  expect(rig.refused()).toEqual([
    { port: 'webhook', reason: 'signature', count: 3 },
    { port: 'webhook', reason: 'handshake', count: 1 },
    { port: 'admin', reason: 'token', count: 2 },
    { port: 'admin', reason: 'scope', count: 1 },
  ]);
});
