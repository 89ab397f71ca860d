import { once } from 'node:events';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { ListenOptions, Protocol, SipServerOptions } from '../../src/sip-server/index.ts';
import { type App, SDP, startApp, startServer } from './support/app.ts';
import { Authority } from './support/certificates.ts';
import type { Srf, SrfDialog, SrfMessage, SrfRequest } from './support/srf.ts';

const authority = new Authority();
const tls = { certificates: [authority.issue('IP:::1,IP:127.0.0.1')], ca: authority.cert };
const apps: App[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((each) => each.close()));
});
afterAll(() => authority.close());

const on = (protocol: Protocol, address: string, port = 0): ListenOptions => ({
  protocol,
  address,
  port,
  ...(protocol === 'tls' && { tls }),
});

async function app(
  listen: readonly ListenOptions[],
  routes?: (srf: Srf) => void,
  options: Partial<SipServerOptions> = {},
): Promise<App> {
  const started = await startApp(routes, { listen, ...options });
  apps.push(started);
  return started;
}

/** An application that answers; its requests and dialogs. */
function callee(): { routes: (srf: Srf) => void; requests: SrfRequest[]; dialogs: Promise<SrfDialog>[] } {
  const requests: SrfRequest[] = [];
  const dialogs: Promise<SrfDialog>[] = [];
  const routes = (srf: Srf): void =>
    srf.invite((req, res) => {
      requests.push(req);
      dialogs.push(srf.createUAS(req, res, { localSdp: SDP(4000) }));
    });
  return { routes, requests, dialogs };
}

test.each<Protocol>(['udp', 'tcp', 'tls'])(
  'IPv6 over %s: called, and hung up by the callee',
  async (protocol) => {
    const answering = callee();
    const b = await app([on(protocol, '::1')], answering.routes);
    const a = await app([on(protocol, '::1')]);
    const { port } = b.server.contacts[0]!;
    const uac = await a.srf.createUAC(`sip:bob@[::1]:${port};transport=${protocol}`, { localSdp: SDP(5000) });
    const from = answering.requests[0]!;
    expect(from.get('Via')).toContain(
      `SIP/2.0/${protocol.toUpperCase()} [::1]:${a.server.contacts[0]!.port};`,
    );
    expect(from.get('Contact')).toContain('sip:[::1]:');
    expect(from.source_address).toBe('::1');
    const destroyed = once(uac, 'destroy');
    await (await answering.dialogs[0]!).destroy();
    expect(((await destroyed) as [SrfMessage])[0].get('Via')).toContain('[::1]');
  },
);

test('several listeners: each call leaves from one that fits, and stays there', async () => {
  const answering = callee();
  const all = [
    on('udp', '127.0.0.1'),
    on('udp', '::1'),
    on('tcp', '127.0.0.1'),
    on('tls', '::1'),
    on('udp', '127.0.0.2'),
  ];
  const b = await app(all, answering.routes);
  const a = await app(all);
  const uris = b.server.contacts.map(({ protocol, address, port }) => {
    const host = address.includes(':') ? `[${address}]` : address;
    return `sip:bob@${host}:${port};transport=${protocol}`;
  });
  for (const [i, uri] of uris.entries()) {
    const uac = await a.srf.createUAC(uri, { localSdp: SDP(5000) });
    const { protocol, address } = b.server.contacts[i]!;
    expect(answering.requests[i]?.get('Via')).toContain(`SIP/2.0/${protocol.toUpperCase()} `);
    const uas = await answering.dialogs[i]!;
    // What the callee sends in the dialog comes from the address that was called.
    const destroyed = once(uac, 'destroy');
    await uas.destroy();
    const [bye] = (await destroyed) as [SrfMessage];
    expect([bye.source_address, bye.get('Via')?.includes(address)]).toEqual([address, true]);
  }
});

test('a wildcard listener tells each peer an address that it can reach', async () => {
  const answering = callee();
  const allow = ['127.0.0.0/8', '::1'];
  const b = await app([on('udp', '0.0.0.0'), on('tcp', '::')], answering.routes, { allow });
  const [udp, tcp] = b.server.contacts;
  expect([udp?.address, tcp?.address]).toEqual(['0.0.0.0', '::']);
  const a = await app([on('udp', '127.0.0.1'), on('tcp', '::1')]);
  const one = await a.srf.createUAC(`sip:bob@127.0.0.1:${udp?.port};transport=udp`, { localSdp: SDP(1) });
  expect(one.remote.uri).toBe(`sip:127.0.0.1:${udp?.port}`);
  const two = await a.srf.createUAC(`sip:bob@[::1]:${tcp?.port};transport=tcp`, { localSdp: SDP(1) });
  expect(two.remote.uri).toBe(`sip:[::1]:${tcp?.port};transport=tcp`);
  await Promise.all([one.destroy(), two.destroy()]);
});

test.each<Protocol>(['udp', 'tcp', 'tls'])(
  'a taken %s port stops the start, and what was open is closed',
  async (protocol) => {
    const first = await app([on(protocol, '127.0.0.1')]);
    const taken = on(protocol, '127.0.0.1', first.server.contacts[0]!.port);
    const before = await startServer({ listen: [on('tcp', '127.0.0.1')] });
    const { port } = before.contacts[0]!;
    await before.close();
    await expect(startServer({ listen: [on('tcp', '127.0.0.1', port), taken] })).rejects.toMatchObject({
      code: 'SIP_SERVER_LISTEN',
    });
    // Free again.
    await app([on('tcp', '127.0.0.1', port)]);
  },
);
