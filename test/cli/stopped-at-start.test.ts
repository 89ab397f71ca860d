import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startSipServer } from '../../src/sip-server/index.ts';
import { PeerProcess, peerFolder } from '../support/peer-process.ts';

const ENTRY = new URL('../../src/cli/msgw.ts', import.meta.url).pathname;

it('SIGTERM while it starts ends the gateway in order once it has started', { timeout: 60_000 }, async () => {
  const secret = 'of the SIP server';
  const listen = [{ protocol: 'udp', address: '127.0.0.1', port: 0 }] as const;
  const server = await startSipServer({ secret, listen });
  onTestFinished(() => server.close());
  // The SIP server lets it wait: media is up by then, and the admin port is not.
  const door = createServer();
  onTestFinished(() => void door.close());
  await once(door.listen(0, '127.0.0.1'), 'listening');
  const config = {
    meta: {
      graphUrl: 'http://127.0.0.1:9',
      apps: [{ id: 'app', secret: '${WORD}', verifyToken: '${WORD}' }],
      pages: [{ id: '102030405060708', accessToken: '${WORD}', app: 'app', route: 'desk' }],
    },
    http: { listen: { address: '127.0.0.1', port: 0 } },
    admin: { listen: { address: '127.0.0.1', port: 0 } },
    webrtc: { bindAddress: '127.0.0.1' },
    rtp: { address: '127.0.0.1' },
    sip: {
      server: { host: '127.0.0.1', port: (door.address() as AddressInfo).port, secret: '${SIP_SECRET}' },
    },
    trunks: { phone: { host: '127.0.0.1', port: 9 } },
    routes: { desk: { targets: [{ trunk: 'phone', user: '100' }] } },
    media: { workers: 1 },
  };
  const folder = peerFolder('stopped');
  const file = join(folder, 'gateway.json');
  writeFileSync(file, JSON.stringify(config));
  const env = { WORD: 'a-word-of-a-test', SIP_SECRET: secret };
  const gateway = new PeerProcess(process.execPath, [ENTRY, 'run', '--config', file], folder, env);
  onTestFinished(() => gateway.close());
  const [waiting] = (await Promise.race([
    once(door, 'connection'),
    gateway.exit.then(() => Promise.reject(new Error(gateway.tail()))),
  ])) as [Socket];
  const ended = gateway.close('SIGTERM');
  const onward = connect(server.control.port, server.control.host);
  waiting.pipe(onward).pipe(waiting);
  for (const socket of [waiting, onward]) socket.on('error', () => {});
  await ended;
  expect(await gateway.exit, gateway.tail()).toBe(0);
  expect(gateway.tail()).toContain('gateway.closed');
});
