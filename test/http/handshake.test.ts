import { describe, expect, it } from 'vitest';
import { servers } from './servers.ts';

const query = (token: string, challenge = '0011582014440000000001'): string =>
  `?hub.mode=subscribe&hub.verify_token=${token}&hub.challenge=${encodeURIComponent(challenge)}`;

describe('the verification handshake', () => {
  it('answers the raw challenge as text', async () => {
    const { webhookUrl, lines } = await servers();
    for (const challenge of ['0011582014440000000001', '<b>1e3</b> ü']) {
      const reply = await fetch(webhookUrl + query('good', challenge));
      expect(reply.status).toBe(200);
      expect(await reply.text()).toBe(challenge);
      expect(reply.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect(lines.map(({ event }) => event)).toEqual(['webhook.handshake', 'webhook.handshake']);
  });

  it('is 403 without a challenge to answer', async () => {
    const { webhookUrl, lines } = await servers();
    for (const bad of [query('bad'), '', '?hub.verify_token=good&hub.verify_token=good']) {
      const reply = await fetch(webhookUrl + bad);
      expect(reply.status).toBe(403);
      expect(await reply.text()).toBe('forbidden');
    }
    expect(lines).toMatchObject([{ level: 'warn', event: 'webhook.handshake-refused', suppressed: 0 }]);
  });

  it('is the same without a body for HEAD', async () => {
    const { webhookUrl } = await servers();
    for (const [token, status] of [
      ['good', 200],
      ['bad', 403],
    ] as const) {
      const reply = await fetch(webhookUrl + query(token), { method: 'HEAD' });
      expect(reply.status).toBe(status);
      expect(await reply.text()).toBe('');
    }
  });
});
