import { describe, expect, it } from 'vitest';
import { READY } from './rig-handlers.ts';
import { rawConnection, servers } from './servers.ts';

describe('the admin port', () => {
  it('tells health and calls as JSON', async () => {
    const { adminUrl } = await servers();
    const get = async (path: string): Promise<unknown> => {
      const reply = await fetch(adminUrl + path);
      expect(reply.headers.get('content-type')).toMatch(/^application\/json/);
      expect(reply.headers.get('cache-control')).toBe('no-store');
      return [reply.status, await reply.json()];
    };
    expect(await get('/health/live')).toEqual([200, { live: true }]);
    expect(await get('/health/ready')).toEqual([200, READY]);
    expect(await get('/calls')).toEqual([200, []]);
    expect(await get('/openapi.json')).toMatchObject([200, { openapi: '3.1.1', info: { version: '1.2.3' } }]);
  });

  it('answers 503 when it is not ready, and HEAD like GET', async () => {
    const body = { ...READY, ready: false };
    const { adminUrl } = await servers({ handlers: { ready: () => ({ status: 503, body }) } });
    const ready = await fetch(`${adminUrl}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([503, body]);
    const head = await fetch(`${adminUrl}/health/ready`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([503, '']);
  });

  it('logs a bug and tells nothing of it', async () => {
    const { adminUrl, lines } = await servers({
      handlers: {
        ready: () => {
          throw new Error('inner matter');
        },
      },
    });
    const reply = await fetch(`${adminUrl}/health/ready`);
    const text = await reply.text();
    expect([reply.status, JSON.parse(text)]).toMatchObject([500, { problems: [{ field: 'gateway' }] }]);
    expect(text).not.toContain('inner matter');
    expect(lines).toMatchObject([
      { level: 'error', event: 'http.bug', err: expect.stringContaining('inner matter') },
    ]);
  });

  it('knows no webhooks and no other paths', async () => {
    const { adminUrl, taken } = await servers();
    for (const [method, path] of [
      ['POST', '/webhook'],
      ['GET', '/webhook'],
      ['POST', '/calls'],
      ['GET', '/'],
    ] as const) {
      const { socket, received } = await rawConnection(adminUrl);
      socket.write(`${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n`);
      expect(await received(/not found$/)).toMatch(/^HTTP\/1.1 404/);
    }
    expect(taken).toEqual([]);
  });

  it('has room for so many connections', async () => {
    const { adminUrl } = await servers({ limits: { maxConnections: 2 } });
    const first = await rawConnection(adminUrl);
    await rawConnection(adminUrl);
    const third = await rawConnection(adminUrl);
    expect(await third.closed).toBe('');
    first.socket.write('GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    expect(await first.received(/true/)).toMatch(/^HTTP\/1.1 200/);
  });
});
