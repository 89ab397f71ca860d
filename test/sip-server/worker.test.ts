import { expect, test } from 'vitest';
import { startSipServerWorker, type TraceEvent } from '../../src/sip-server/index.ts';
import { connectSrf, SECRET, startApp } from './support/app.ts';

const listen = [{ protocol: 'udp', address: '127.0.0.1', port: 0 }] as const;

test('a server in a worker thread serves an application and closes', async () => {
  const seen: TraceEvent[] = [];
  const logged: string[] = [];
  const log = (_: object, event: string): number => logged.push(event);
  const server = await startSipServerWorker({
    secret: SECRET,
    listen,
    trace: (event) => seen.push(event),
    log: { debug: log, info: log, warn: log, error: log },
  });
  const srf = await connectSrf(server, (each) => each.options((_req, res) => res.send(200)));
  const peer = await startApp();
  const { address, port } = server.contacts[0]!;
  const request = await peer.srf.request(`sip:${address}:${port}`, { method: 'OPTIONS' });
  const status = await new Promise((resolve) =>
    request.on('response', (res: { status: number }) => resolve(res.status)),
  );
  expect(status).toBe(200);
  expect(server.stats().requestsIn).toEqual({ OPTIONS: 1 });
  expect(server.stats().responsesOut).toEqual({ OPTIONS: { 200: 1 } });
  srf.disconnect();
  await peer.close();
  await server.close();
  expect(seen.map(({ direction, message }) => `${direction} ${message.toString().split(' ', 1)[0]}`)).toEqual(
    ['in OPTIONS', 'out SIP/2.0'],
  );
  expect(logged).toContain('sip_server.listening');
});

test('what stops the server from starting comes out of the worker with its code', async () => {
  const public_ = [{ protocol: 'udp', address: '0.0.0.0', port: 0 }] as const;
  await expect(startSipServerWorker({ secret: SECRET, listen: public_ })).rejects.toMatchObject({
    code: 'SIP_SERVER_ALLOW_MISSING',
    detail: { address: '0.0.0.0' },
  });
});
