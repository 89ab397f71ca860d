import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import {
  type SipServer,
  type SipServerOptions,
  startSipServer,
  type TraceEvent,
} from '../../src/sip-server/index.ts';
import { SECRET, startApp, startServer } from './support/app.ts';

const servers: SipServer[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(options: Partial<SipServerOptions>): Promise<SipServer> {
  const server = await startServer(options);
  servers.push(server);
  return server;
}

async function socket(address = '127.0.0.1'): Promise<Socket> {
  const made = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  sockets.push(made);
  made.bind(0, address);
  await once(made, 'listening');
  return made;
}

const options = (via: string, id = 'a'): string =>
  `OPTIONS sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP ${via};branch=z9hG4bK${id}\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: ${id}\r\nCSeq: 1 OPTIONS\r\n\r\n`;

test('a peer that is not on the list hears nothing, not even about a malformed message', async () => {
  const server = await start({ allow: ['192.0.2.0/24', '2001:db8::/32', '127.0.0.2'] });
  const { address, port } = server.contacts[0]!;
  const stranger = await socket();
  const friend = await socket('127.0.0.2');
  const heard: string[] = [];
  stranger.on('message', (data) => heard.push(String(data)));
  stranger.send(options('127.0.0.1'), port, address);
  stranger.send('OPTIONS nonsense\r\n\r\n', port, address);
  const answered = once(friend, 'message');
  friend.send(options('127.0.0.2'), port, address);
  expect(String((await answered)[0])).toMatch(/^SIP\/2\.0 503 /);
  expect(heard).toEqual([]);
  expect(server.stats().refusedPeers).toBe(2);
});

test('answers go to the source, or by the Via when nat is off', async () => {
  for (const nat of [true, false]) {
    const server = await start({ nat });
    const { address, port } = server.contacts[0]!;
    const from = await socket();
    const other = await socket();
    const answered = once(nat ? from : other, 'message');
    from.send(options(`127.0.0.1:${other.address().port}`), port, address);
    expect(String((await answered)[0])).toMatch(/^SIP\/2\.0 503 /);
  }
});

test('keep-alives are no messages; what follows line breaks is', async () => {
  const server = await start({});
  const { address, port } = server.contacts[0]!;
  const peer = await socket();
  const answered = once(peer, 'message');
  peer.send('\r\n\r\n', port, address);
  peer.send(`\r\n${options('127.0.0.1')}`, port, address);
  expect(String((await answered)[0])).toMatch(/^SIP\/2\.0 503 /);
  expect(server.stats()).toMatchObject({ malformed: 0, requestsIn: { OPTIONS: 1 } });
});

test('IPv6', async () => {
  const a = await startApp(undefined, { listen: [{ protocol: 'udp', address: '::1', port: 0 }] });
  const b = await startApp((srf) => srf.options((_req, res) => res.send(200)), {
    listen: [{ protocol: 'udp', address: '::1', port: 0 }],
  });
  const request = await a.srf.request(`sip:[::1]:${b.server.contacts[0]!.port}`, { method: 'OPTIONS' });
  expect(request.get('Via')).toContain(`SIP/2.0/UDP [::1]:${a.server.contacts[0]!.port}`);
  const [response] = (await once(request, 'response')) as [{ status: number }];
  expect(response.status).toBe(200);
  await a.close();
  await b.close();
});

test('a listener has its own external address before that of the server; peers here see neither', async () => {
  const seen: string[] = [];
  const listen = [
    { protocol: 'udp', address: '127.0.0.1', port: 0, externalAddress: '198.51.100.1' } as const,
  ];
  const trace = ({ message }: TraceEvent): void => void seen.push(String(message));
  const app = await startApp(undefined, { listen, externalAddress: '198.51.100.2', trace });
  onTestFinished(() => app.close());
  // Nobody is there (RFC 5737).
  await app.srf.request('sip:x@192.0.2.1', { method: 'OPTIONS' });
  const request = await app.srf.request(`sip:x@${app.address}`, { method: 'OPTIONS' });
  await once(request, 'response');
  const vias = seen
    .filter((text) => text.startsWith('OPTIONS'))
    .map((text) => /Via: (\S+ [^:;]+)/.exec(text)?.[1]);
  expect(vias).toEqual(['SIP/2.0/UDP 198.51.100.1', 'SIP/2.0/UDP 127.0.0.1', 'SIP/2.0/UDP 127.0.0.1']);
});

test('the trace sees each message with both ends, in order', async () => {
  const seen: TraceEvent[] = [];
  const server = await start({ trace: (event) => seen.push(event) });
  const { address, port } = server.contacts[0]!;
  const peer = await socket();
  const answered = once(peer, 'message');
  peer.send(options('127.0.0.1'), port, address);
  await answered;
  const ends = { protocol: 'udp', local: { address, port }, remote: { address, port: peer.address().port } };
  expect(seen).toMatchObject([
    { direction: 'in', ...ends },
    { direction: 'out', ...ends },
  ]);
  expect(String(seen[1]!.message)).toMatch(/^SIP\/2\.0 503/);
});

test.each<[string, Partial<SipServerOptions>, object]>([
  ['an empty secret', { secret: '' }, { code: 'SIP_SERVER_OPTIONS', detail: { option: 'secret' } }],
  ['no listener', { listen: [] }, { code: 'SIP_SERVER_OPTIONS', detail: { option: 'listen' } }],
  [
    'a host name to listen on',
    { listen: [{ protocol: 'udp', address: 'localhost', port: 0 }] },
    { code: 'SIP_SERVER_OPTIONS' },
  ],
  [
    'a network with too many bits',
    { allow: ['10.0.0.0/33'] },
    { code: 'SIP_SERVER_OPTIONS', detail: { allow: '10.0.0.0/33' } },
  ],
  [
    'a public listener for everybody',
    { listen: [{ protocol: 'udp', address: '0.0.0.0', port: 0 }] },
    { code: 'SIP_SERVER_ALLOW_MISSING' },
  ],
  [
    'an address of another machine',
    { listen: [{ protocol: 'udp', address: '192.0.2.77', port: 0 }], allow: ['192.0.2.1'] },
    { code: 'SIP_SERVER_LISTEN' },
  ],
])('%s stops the start', async (_name, change, error) => {
  await expect(
    startSipServer({
      secret: SECRET,
      listen: [{ protocol: 'udp', address: '127.0.0.1', port: 0 }],
      ...change,
    }),
  ).rejects.toMatchObject(error);
});

test('a taken port stops the start, and leaves nothing open', async () => {
  const first = await start({});
  const listen = [{ protocol: 'udp', address: '127.0.0.1', port: 0 } as const, first.contacts[0]!];
  await expect(startServer({ listen })).rejects.toMatchObject({ code: 'SIP_SERVER_LISTEN' });
  const control = { port: first.control.port };
  await expect(startServer({ control })).rejects.toMatchObject({ code: 'SIP_SERVER_LISTEN' });
});
