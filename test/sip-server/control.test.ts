import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import type { SipServer } from '../../src/sip-server/index.ts';
import { encodeFrame, FrameDecoder } from '../../src/sip-server/wire/frame.ts';
import { connectSrf, SECRET, startApp, startServer } from './support/app.ts';
import { SrfClass } from './support/srf.ts';

const servers: SipServer[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(): Promise<SipServer> {
  const server = await startServer();
  servers.push(server);
  return server;
}

/** A client of the bare protocol. */
async function client(
  server: SipServer,
): Promise<{ socket: Socket; ask: (text: string) => Promise<string> }> {
  const socket = connect(server.control);
  sockets.push(socket);
  await once(socket, 'connect');
  const decoder = new FrameDecoder({ bytes: 1e6 });
  const frames: string[] = [];
  const waiting: ((text: string) => void)[] = [];
  socket.on('data', (chunk) => {
    for (const frame of decoder.push(chunk)) {
      const text = String(frame);
      const next = waiting.shift();
      if (next) next(text);
      else frames.push(text);
    }
  });
  return {
    socket,
    ask: (text) => {
      socket.write(encodeFrame(text));
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}

/** The frame without its own id. */
const rest = (frame: string): string => frame.slice(frame.indexOf('|') + 1);

test('authenticate, route, remove_route, ping, proxy and nonsense', async () => {
  const server = await start();
  const { ask } = await client(server);
  const contact = `udp/127.0.0.1:${server.contacts[0]!.port}`;
  expect(rest(await ask(`1|authenticate|${SECRET}|tag`))).toBe(
    `response|1|OK|${contact}|v0.9.4-embedded|${contact}`,
  );
  expect(rest(await ask('2|route|invite'))).toBe('response|2|OK');
  expect(rest(await ask('3|remove_route|invite'))).toBe('response|3|OK');
  expect(rest(await ask('4|remove_route|invite'))).toMatch(/^response\|4\|NO\|/);
  expect(rest(await ask('5|ping'))).toBe('response|5|OK|pong');
  expect(rest(await ask('6|proxy|t||||serial|||sip:a@b\r\nINVITE sip:a@b SIP/2.0'))).toMatch(
    /^response\|6\|NOK\|/,
  );
  expect(rest(await ask('7|dance'))).toMatch(/^response\|7\|NO\|/);
});

test('a wrong secret, or none, is refused and the connection closed', async () => {
  const server = await start();
  for (const [text, answer] of [
    ['1|authenticate|wrong', 'response|1|NO|incorrect secret'],
    ['1|route|invite', 'response|1|NO|not authenticated'],
  ] as const) {
    const { socket, ask } = await client(server);
    const closed = once(socket, 'close');
    expect(rest(await ask(text))).toBe(answer);
    await closed;
  }
  const srf = new SrfClass();
  srf.on('error', () => {});
  srf.connect({ ...server.control, secret: 'wrong' });
  const [error] = (await once(srf, 'connect')) as [Error];
  expect(error.message).toMatch(/authenticate/);
  srf.disconnect();
});

test.each(['300000#', 'GET / HTTP/1.1\r\n\r\n', `5000#${'x'.repeat(5000)}`])(
  '%.20j closes the connection',
  async (text) => {
    const server = await start();
    const { socket } = await client(server);
    const closed = once(socket, 'close');
    socket.write(text);
    await closed;
    expect(server.stats().clients).toBe(0);
  },
);

test('the version is one that drachtio-srf pings: it compares with v0.8.2', async () => {
  const server = await start();
  const srf = new SrfClass();
  srf.on('error', () => {});
  srf.connect({ ...server.control, secret: SECRET });
  const [, hostport, version] = (await once(srf, 'connect')) as [null, string, string];
  expect(hostport).toBe(`udp/127.0.0.1:${server.contacts[0]!.port}`);
  expect(version).toMatch(/^v0\.9\.\d+/);
  srf.disconnect();
});

test('requests go to the applications that route them, in turn', async () => {
  const server = await start();
  const served: string[] = [];
  const names = ['a', 'b'];
  const apps = [];
  for (const name of names) {
    apps.push(
      await connectSrf(server, (srf) => {
        srf.options((_req, res) => {
          served.push(name);
          res.send(200);
        });
      }),
    );
  }
  apps.push(await connectSrf(server, (srf) => srf.message((_req, res) => res.send(200))));
  const peer = await startApp();
  const { address, port } = server.contacts[0]!;
  const send = async (method: string): Promise<number> => {
    const request = await peer.srf.request(`sip:${address}:${port}`, { method });
    const [response] = (await once(request, 'response')) as [{ status: number }];
    return response.status;
  };
  expect([
    await send('OPTIONS'),
    await send('OPTIONS'),
    await send('OPTIONS'),
    await send('MESSAGE'),
  ]).toEqual([200, 200, 200, 200]);
  expect(served).toEqual(['a', 'b', 'a']);
  expect(await send('NOTIFY')).toBe(503);
  for (const app of apps) app.disconnect();
  await peer.close();
});

test('an application that has said goodbye and reads nothing gets no more requests', async () => {
  const server = await start();
  const silent = connect({ ...server.control, allowHalfOpen: true });
  sockets.push(silent);
  silent.on('error', () => {});
  silent.write(encodeFrame(`1|authenticate|${SECRET}`));
  silent.write(encodeFrame('2|route|options'));
  await expect.poll(() => server.stats().clients).toBe(1);
  silent.pause();
  const ping = Buffer.concat(Array<Buffer>(1000).fill(encodeFrame(`${'x'.repeat(4000)}|ping`)));
  for (let i = 0; i < 3; i++) silent.write(ping);
  silent.end();
  await expect.poll(() => server.stats().clients).toBe(0);
});

test('a refused client that keeps its half of the connection is gone when its time is over', async () => {
  const clock = new FakeClock();
  const server = await startServer({ clock });
  servers.push(server);
  const socket = connect({ ...server.control, allowHalfOpen: true });
  sockets.push(socket);
  socket.on('error', () => {});
  socket.write(encodeFrame('1|authenticate|wrong'));
  await once(socket.resume(), 'end');
  clock.advance(10_000);
  const knock = (): Promise<unknown> => new Promise((resolve) => socket.write('1', resolve));
  // The first is answered by a reset, which a later one meets; digits alone begin a frame.
  const knocks = [];
  for (let i = 0; i < 6; i++) knocks.push(await knock());
  expect(knocks).toContainEqual(expect.any(Error));
});
