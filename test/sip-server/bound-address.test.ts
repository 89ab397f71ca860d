import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterAll, afterEach, expect, test } from 'vitest';
import { type App, startApp } from './support/app.ts';
import { Authority } from './support/certificates.ts';

const authority = new Authority();
afterAll(() => authority.close());
const apps: App[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((each) => each.close()));
});

/** Where the connection of an OPTIONS comes from, sent from a listener at that address. */
async function sourceOf(protocol: 'tcp' | 'tls', addresses: readonly string[]): Promise<string | undefined> {
  const pbx = createServer();
  pbx.listen(0, '127.0.0.1');
  await once(pbx, 'listening');
  const { port } = pbx.address() as { port: number };
  const tls =
    protocol === 'tls'
      ? { tls: { certificates: [authority.issue('IP:127.0.0.9')], acceptAnyServer: true } }
      : {};
  const app = await startApp(undefined, {
    listen: addresses.map((address) => ({ protocol, address, port: 0, ...tls })),
    allow: ['127.0.0.0/8'],
  });
  apps.push(app);
  const connected = once(pbx, 'connection') as Promise<[Socket]>;
  void app.srf.request(`sip:127.0.0.1:${port};transport=${protocol}`, { method: 'OPTIONS' });
  const [socket] = await connected;
  const from = socket.remoteAddress;
  socket.destroy();
  pbx.close();
  return from;
}

test.each(['tcp', 'tls'] as const)(
  '%s: a connection of ours leaves from the address of its listener',
  async (protocol) => {
    expect(await sourceOf(protocol, ['127.0.0.9'])).toBe('127.0.0.9');
  },
);

test('from a wildcard it leaves from where the system says', async () => {
  expect(await sourceOf('tcp', ['0.0.0.0'])).toBe('127.0.0.1');
});

test('to loopback it leaves from a listener there, where there is one', async () => {
  expect(await sourceOf('tcp', ['0.0.0.0', '127.0.0.8'])).toBe('127.0.0.8');
});
