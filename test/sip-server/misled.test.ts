import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/shared/clock.ts';
import type { Result } from '../../src/shared/result.ts';
import { OwnAddresses } from '../../src/sip-server/transport/address.ts';
import { SystemResolver } from '../../src/sip-server/transport/dns/system-resolver.ts';
import { TransportLayer } from '../../src/sip-server/transport/layer.ts';
import { type Flow, MisledError, type Target } from '../../src/sip-server/transport/transport.ts';
import { Bench } from './support/bench.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function layer(): Promise<{ open(target: Target): Promise<Result<Flow, Error>>; misled: string[] }> {
  const misled: string[] = [];
  const transports = await TransportLayer.open([{ protocol: 'udp', address: '127.0.0.1', port: 0 }], {
    clock: systemClock,
    resolver: new SystemResolver(),
    random: () => 0,
    own: new OwnAddresses({ clock: systemClock }),
    accepts: () => true,
    onMessage: () => {},
    onError: () => {},
    onMisled: (by, at) => misled.push(`${by} ${at}`),
  });
  closers.push(() => transports.close());
  return {
    misled,
    open: (target) => new Promise((resolve) => transports.open(target, resolve)),
  };
}

test.each([
  ['127.0.0.1', 'loopback'],
  ['169.254.169.254', 'the metadata service of a cloud'],
  ['224.0.1.75', 'multicast'],
  ['localhost', 'a name that is loopback'],
])('a PBX elsewhere cannot have us send to %s: %s', async (host) => {
  const { open, misled } = await layer();
  const opened = await open({ host, port: 5060, namedBy: '192.0.2.20' });
  expect(opened.ok ? 'sent' : opened.error).toBeInstanceOf(MisledError);
  expect(misled).toHaveLength(1);
});

test('what the operator named is reached, and so is what a peer of this machine names', async () => {
  const { open, misled } = await layer();
  expect((await open({ host: '127.0.0.1', port: 5060 })).ok).toBe(true);
  expect((await open({ host: '127.0.0.1', port: 5060, namedBy: '127.0.0.1' })).ok).toBe(true);
  expect((await open({ host: '198.51.100.7', port: 5060, namedBy: '192.0.2.20' })).ok).toBe(true);
  expect(misled).toEqual([]);
});

test.each([
  ['Record-Route', ['Record-Route: <sip:169.254.169.254:80;lr>', 'Contact: <sip:peer@127.0.0.1:5080>']],
  ['Contact by maddr', ['Contact: <sip:peer@127.0.0.1:5080;maddr=169.254.169.254>']],
])('ACK and BYE of a dialog whose %s points where it may not go back along the dialog', (_what, headers) => {
  const bench = new Bench();
  const { dialogId, request } = bench.invite();
  bench.answer(request, 200, { headers });
  bench.frame({ dialogId }, ['ACK sip:placeholder SIP/2.0']);
  bench.frame({ dialogId }, ['BYE sip:placeholder SIP/2.0']);
  expect(bench.targets.at(-1)).toMatchObject({ host: '169.254.169.254', namedBy: '127.0.0.1' });
  expect(bench.wire.map(({ message, to }) => [message.kind === 'request' && message.method, to])).toEqual([
    ['ACK', '127.0.0.1:5080'],
    ['BYE', '127.0.0.1:5080'],
  ]);
});
