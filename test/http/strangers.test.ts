import { describe, expect, it } from 'vitest';
import { rawConnection, servers } from './servers.ts';

describe('strangers on the webhook port', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/health/live'],
    ['GET', '/calls'],
    ['GET', '/webhook/'],
    ['GET', '/webhook/x'],
    ['GET', '/%zz'],
    ['GET', `/${'a'.repeat(3_000)}`],
    ['PUT', '/webhook'],
    ['DELETE', '/webhook'],
    ['OPTIONS', '/webhook'],
    ['POST', '/'],
    ['POST', '/wp-login.php'],
  ])('learn nothing from %s %s', async (method, path) => {
    const { webhookUrl, lines } = await servers();
    const { socket, received } = await rawConnection(webhookUrl);
    const body = method === 'POST' || method === 'PUT' ? 'Content-Length: 2\r\n\r\n{}' : '\r\n';
    socket.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\n${body}`);
    const text = await received(/not found$/);
    expect(text).toMatch(/^HTTP\/1.1 404 /);
    expect(text).not.toMatch(/fastify|json|FST_|Route/i);
    expect(lines).toEqual([]);
  });

  it.each([
    ['no HTTP', 'HELO example.org\r\n\r\n', 400],
    ['a TLS hello', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000', 400],
    ['no Host', 'GET /webhook HTTP/1.1\r\n\r\n', 400],
    [
      'two lengths',
      'POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      400,
    ],
    [
      'length and chunks',
      'POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na',
      400,
    ],
    ['endless headers', `GET /webhook HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
  ])('who send %s are told so and hung up on', async (_name, sent, status) => {
    const { webhookUrl } = await servers();
    const { socket, closed } = await rawConnection(webhookUrl);
    socket.write(Buffer.from(sent, 'latin1'));
    const text = await closed;
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(text).not.toMatch(/fastify|Parse Error|FST_/i);
  });

  it.each([
    ['nothing', ''],
    ['half a request line', 'POST /web'],
    ['endless headers, slowly', 'POST /webhook HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n'],
    [
      'half a body',
      'POST /webhook HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: a\r\nContent-Length: 100\r\n\r\n{',
    ],
  ])('who send %s hold no socket for long', async (_name, sent) => {
    const { webhookUrl, taken } = await servers({ limits: { requestTimeoutMs: 60 } });
    const { socket, closed } = await rawConnection(webhookUrl);
    if (sent) socket.write(sent);
    expect(await closed).toMatch(/^(HTTP\/1.1 408 Request Timeout\r\n[\s\S]*)?$/);
    expect(taken).toEqual([]);
  });

  it('are hung up on when idle, and beyond the number of connections', async () => {
    const { webhookUrl } = await servers({ limits: { keepAliveMs: 50, maxConnections: 2 } });
    const first = await rawConnection(webhookUrl);
    first.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await first.received(/not found$/);
    const second = await rawConnection(webhookUrl);
    second.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await second.received(/not found$/);
    const third = await rawConnection(webhookUrl);
    expect(await third.closed).toBe('');
    await Promise.all([first.closed, second.closed]);
    const fourth = await rawConnection(webhookUrl);
    fourth.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await fourth.received(/not found$/);
  });
});
