import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../src/shared/error.ts';
import { post, rawConnection, servers, sign } from './servers.ts';

describe('starting', () => {
  it('says which address it cannot have, and leaves no port open', async () => {
    const first = await servers();
    const taken = Number(new URL(first.adminUrl).port);
    const error: unknown = await servers({ adminPort: taken }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({
      code: 'HTTP_LISTEN',
      message: expect.stringContaining(`127.0.0.1:${taken}`),
      detail: { address: '127.0.0.1', port: taken },
    });
  });
});

describe('closing', () => {
  it('ends idle connections, and takes no new ones', async () => {
    const { webhookUrl, adminUrl, close } = await servers({ limits: { closeGraceMs: 600_000 } });
    const idle = await Promise.all([webhookUrl, adminUrl].map((url) => rawConnection(url)));
    for (const { socket, received } of idle) {
      socket.write('GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
      await received(/not found$/);
    }
    await Promise.all([close(), close()]);
    await Promise.all(idle.map(({ closed }) => closed));
    await close();
    await expect(rawConnection(webhookUrl)).rejects.toThrow('ECONNREFUSED');
    await expect(rawConnection(adminUrl)).rejects.toThrow('ECONNREFUSED');
  });

  it('lets a reply under way finish', async () => {
    const asked = Promise.withResolvers<void>();
    const stored = Promise.withResolvers<void>();
    const { webhookUrl, close } = await servers({
      limits: { closeGraceMs: 600_000, keepAliveMs: 600_000 },
      accept: () => {
        asked.resolve();
        return stored.promise;
      },
    });
    const { socket, closed } = await rawConnection(webhookUrl);
    socket.write(
      `POST /webhook HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: ${sign('{}')}\r\nContent-Length: 2\r\n\r\n{}`,
    );
    await asked.promise;
    const closing = close();
    stored.resolve();
    expect(await closed).toMatch(/^HTTP\/1.1 200 [\s\S]*ok$/);
    await closing;
  });

  it('does not wait for ever', async () => {
    const asked = Promise.withResolvers<void>();
    const { webhookUrl, close } = await servers({
      limits: { closeGraceMs: 20 },
      accept: () => {
        asked.resolve();
        return new Promise(() => {});
      },
    });
    const reply = post(webhookUrl, '{}');
    await Promise.all([asked.promise.then(close), expect(reply).rejects.toThrow()]);
  });
});
