import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { OwnAddresses } from '../../src/sip-server/transport/address.ts';
import { SystemResolver } from '../../src/sip-server/transport/dns/system-resolver.ts';
import { TransportLayer } from '../../src/sip-server/transport/layer.ts';
import type { Flow, Target } from '../../src/sip-server/transport/transport.ts';

const host = '127.0.0.1';
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A TCP port that answers no SYN: its process accepts nothing, and the kernel's queue for it is full. */
async function mutePort(): Promise<number> {
  const code = `
    const server = require('node:net').createServer();
    server.listen({ port: 0, host: '${host}', backlog: 1 }, () => {
      require('node:fs').writeSync(1, String(server.address().port) + '\\n');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  closing.push(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line);
  // Linux keeps one more than asked for.
  for (let i = 0; i < 2; i++) {
    const filler: Socket = connect({ host, port });
    filler.on('error', () => {});
    closing.push(() => filler.destroy());
    await once(filler, 'connect');
  }
  return port;
}

async function open(): Promise<{ layer: TransportLayer; clock: FakeClock }> {
  const clock = new FakeClock();
  const listen = (['udp', 'tcp'] as const).map((protocol) => ({ protocol, address: host, port: 0 }));
  const layer = await TransportLayer.open(listen, {
    clock,
    own: new OwnAddresses({ clock }),
    resolver: new SystemResolver(),
    random: Math.random,
    accepts: () => true,
    onMessage: () => {},
    onError: () => {},
  });
  closing.push(() => layer.close());
  return { layer, clock };
}

function flow(layer: TransportLayer, target: Target): Flow {
  let found: Flow | undefined;
  layer.open(target, (opened) => {
    if (opened.ok) found = opened.value;
  });
  if (!found) throw new Error('no flow at once');
  return found;
}

test('a large request waits two seconds for TCP, and the next one not at all', async () => {
  const port = await mutePort();
  const { layer, clock } = await open();
  const told: (string | undefined)[] = [];
  const ask = (): void => flow(layer, { host, port }).overStream?.((stream) => told.push(stream?.protocol));
  ask();
  clock.advance(1999);
  expect(told).toEqual([]);
  clock.advance(1);
  expect(told).toEqual([undefined]);
  ask();
  expect(told).toEqual([undefined, undefined]);
});

test('closing while a connection is under way tells nobody and leaves nothing', async () => {
  const port = await mutePort();
  const { layer, clock } = await open();
  const told: unknown[] = [];
  flow(layer, { host, port }).overStream?.((stream) => told.push(stream));
  flow(layer, { host, port, protocol: 'tcp' }).send(Buffer.from('OPTIONS sip:x SIP/2.0\r\n\r\n'), () => {});
  expect(layer.dump()).toEqual({ listeners: 2, connections: 1, lookups: 0 });
  await layer.close();
  expect(layer.dump()).toEqual({ listeners: 0, connections: 0, lookups: 0 });
  expect([told, clock.armed]).toEqual([[], 0]);
});

test('a connection that is never made fails the request after ten seconds', async () => {
  const port = await mutePort();
  const { layer, clock } = await open();
  const failed = new Promise<Error>((resolve) => {
    flow(layer, { host, port, protocol: 'tcp' }).send(Buffer.from('OPTIONS sip:x SIP/2.0\r\n\r\n'), resolve);
  });
  clock.advance(10_000);
  expect((await failed).message).toBe('connection timed out');
  expect(layer.dump().connections).toBe(0);
});

test('what no listener can reach is an error at once', async () => {
  const { layer } = await open();
  const errors: string[] = [];
  const targets: Target[] = [{ host, secure: true }, { host: '::1' }, { host, protocol: 'ws' }];
  for (const target of targets)
    layer.open(target, (opened) => errors.push(opened.ok ? 'ok' : opened.error.message));
  expect(errors).toEqual([
    'No listener for tls 127.0.0.1',
    'No listener for udp ::1',
    'No listener for ws 127.0.0.1',
  ]);
});
