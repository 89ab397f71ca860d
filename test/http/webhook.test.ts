import { describe, expect, it } from 'vitest';
import { BODY_LIMIT, post, rawConnection, servers, sign } from './servers.ts';

describe('a webhook', () => {
  it('is handed over byte by byte and answered 200', async () => {
    const { webhookUrl, taken, time } = await servers();
    const body = Buffer.from(String.raw`{ "note" : "Am\u00edna <\/b>" }  `);
    expect(await post(webhookUrl, body)).toMatchObject({ status: 200, text: 'ok' });
    expect(taken).toEqual([{ raw: body, atMs: time.now }]);
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/octet-stream',
    'no such type',
    'a/b/c;;;=',
  ])('is taken with the content type %j', async (type) => {
    const { webhookUrl, taken } = await servers();
    expect((await post(webhookUrl, '{"a":1}', { 'content-type': type })).status).toBe(200);
    expect(taken[0]?.raw.toString()).toBe('{"a":1}');
  });

  it('is taken without a content type, in chunks, and empty', async () => {
    const { webhookUrl, taken } = await servers();
    const { socket, received } = await rawConnection(webhookUrl);
    const head = (signature: string): string =>
      `POST /webhook HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: ${signature}\r\n`;
    socket.write(`${head(sign('hello'))}Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`);
    await received(/^HTTP\/1.1 200 [\s\S]*ok$/);
    socket.write(`${head(sign('hi'))}Content-Length: 2\r\n\r\nhi`);
    await received(/ok[\s\S]*ok$/);
    socket.write(`${head(sign(''))}Content-Length: 0\r\n\r\n`);
    await received(/ok[\s\S]*ok[\s\S]*ok$/);
    expect(taken.map(({ raw }) => raw.toString())).toEqual(['hello', 'hi', '']);
  });

  it('is answered only after it was stored', async () => {
    const stored = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const { webhookUrl } = await servers({
      accept: () => {
        asked.resolve();
        return stored.promise;
      },
    });
    let answered = false;
    const reply = post(webhookUrl, '{}').finally(() => {
      answered = true;
    });
    await asked.promise;
    expect(answered).toBe(false);
    stored.resolve();
    expect((await reply).status).toBe(200);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('disk full');
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
  ])('is answered 500 when storing %s, so that Meta sends it again', async (_how, accept) => {
    const { webhookUrl, lines } = await servers({ accept });
    expect(await post(webhookUrl, '{}')).toMatchObject({ status: 500, text: 'not stored' });
    expect(lines).toMatchObject([{ level: 'error', event: 'webhook.not-stored', err: 'Error: disk full' }]);
  });

  it('may have 5 MB', async () => {
    const { webhookUrl, taken } = await servers();
    const body = Buffer.alloc(5_000_000, 'x');
    expect((await post(webhookUrl, body)).status).toBe(200);
    expect(taken[0]?.raw.equals(body)).toBe(true);
  });

  it('may come a hundred times at once', async () => {
    const { webhookUrl, taken } = await servers();
    const bodies = Array.from({ length: 100 }, (_, i) => `{"n":${i}}`);
    const replies = await Promise.all(bodies.map((body) => post(webhookUrl, body)));
    expect(replies.every(({ status }) => status === 200)).toBe(true);
    expect(taken.map(({ raw }) => raw.toString()).sort()).toEqual(bodies.sort());
  });
});

describe('a webhook that is refused', () => {
  it.each([
    ['with the signature of another body', { 'x-hub-signature-256': sign('other') }],
    ['with no signature at all', { 'x-hub-signature-256': '' }],
    ['with the old header only', { 'x-hub-signature-256': '', 'x-hub-signature': 'sha1=00' }],
  ])('%s: 401, and nothing is done', async (_name, headers) => {
    const { webhookUrl, taken, lines } = await servers();
    expect(await post(webhookUrl, '{}', headers)).toMatchObject({ status: 401, text: 'bad signature' });
    expect(taken).toEqual([]);
    expect(lines).toMatchObject([{ level: 'warn', event: 'webhook.bad-signature' }]);
  });

  it('without the header is not even read', async () => {
    const { webhookUrl, taken } = await servers();
    const { socket, received, closed } = await rawConnection(webhookUrl);
    socket.write('POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n{');
    await received(/^HTTP\/1.1 401 [\s\S]*bad signature$/);
    await closed;
    expect(taken).toEqual([]);
  });

  it('is too large: 413, declared or not', async () => {
    const { webhookUrl, taken } = await servers();
    const declared = await rawConnection(webhookUrl);
    declared.socket.write(
      `POST /webhook HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: a\r\nContent-Length: ${BODY_LIMIT + 1}\r\n\r\n{`,
    );
    await declared.received(/^HTTP\/1.1 413 [\s\S]*too large$/);
    await declared.closed;
    const chunked = await rawConnection(webhookUrl);
    chunked.socket.write(
      'POST /webhook HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: a\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = `100000\r\n${'x'.repeat(0x100000)}\r\n`;
    for (let i = 0; i < 7; i++) chunked.socket.write(chunk);
    expect(await chunked.received(/^HTTP\/1.1 413 /)).toMatch(/^HTTP\/1.1 413/);
    expect(taken).toEqual([]);
  });

  it('is one too many in memory: 503, and taken later', async () => {
    const { webhookUrl, taken } = await servers({ limits: { maxBodyBytes: 100_000 } });
    const slow = await rawConnection(webhookUrl);
    const body = 'x'.repeat(90_000);
    slow.socket.write(
      `POST /webhook HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: ${sign(body)}\r\nContent-Length: 90000\r\nExpect: 100-continue\r\n\r\n`,
    );
    await slow.received(/100 Continue/);
    const refused = await post(webhookUrl, 'y'.repeat(20_000));
    expect(refused).toMatchObject({ status: 503, text: 'busy' });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await post(webhookUrl, 'z')).status).toBe(200);
    slow.socket.write(body);
    await slow.received(/200 OK[\s\S]*ok$/);
    expect((await post(webhookUrl, 'y'.repeat(20_000))).status).toBe(200);
    expect(taken).toHaveLength(3);
  });

  it('frees its memory when the sender goes away', async () => {
    const { webhookUrl } = await servers({ limits: { maxBodyBytes: 100_000 } });
    for (let round = 0; round < 3; round++) {
      const gone = await rawConnection(webhookUrl);
      gone.socket.write(
        'POST /webhook HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: a\r\nContent-Length: 90000\r\nExpect: 100-continue\r\n\r\n',
      );
      await gone.received(/100 Continue/);
      gone.socket.destroy();
      await gone.closed;
      for (;;) if ((await post(webhookUrl, 'y'.repeat(20_000))).status === 200) break;
    }
  });

  it('by the thousand makes few lines', async () => {
    const { webhookUrl, lines, time } = await servers();
    const bad = { 'x-hub-signature-256': 'sha256=00' };
    for (let i = 0; i < 50; i++) await post(webhookUrl, '{}', bad);
    time.now += 10_000;
    await post(webhookUrl, '{}', bad);
    expect(lines.map(({ suppressed }) => suppressed)).toEqual([0, 49]);
  });
});
