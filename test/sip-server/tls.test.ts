import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { startSipServerWorker, type TlsOptions } from '../../src/sip-server/index.ts';
import { type App, SDP, SECRET, startApp } from './support/app.ts';
import { Authority } from './support/certificates.ts';
import type { SipError, Srf, SrfDialog, SrfMessage, SrfRequest } from './support/srf.ts';

const authority = new Authority();
const foreign = new Authority('Foreign authority');
const own = authority.issue('DNS:localhost,IP:127.0.0.1', 365);
const good: TlsOptions = { certificates: [own], ca: authority.cert };
const apps: App[] = [];
const sockets: TLSSocket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(apps.splice(0).map((each) => each.close()));
});
afterAll(() => {
  authority.close();
  foreign.close();
});

async function app(tls: TlsOptions = good, routes?: (srf: Srf) => void, options = {}): Promise<App> {
  const listen = [{ protocol: 'tls', address: '127.0.0.1', port: 0, tls }] as const;
  const started = await startApp(routes, { listen, ...options });
  apps.push(started);
  return started;
}

const answering =
  (answered: (dialog: SrfDialog) => void = () => {}, asked: (req: SrfRequest) => void = () => {}) =>
  (srf: Srf): void =>
    srf.invite((req, res) => {
      asked(req);
      void srf.createUAS(req, res, { localSdp: SDP(4000) }).then(answered);
    });

const port = (of: App): number => of.server.contacts[0]!.port;

/** A client that shows what certificate it was shown; TLS 1.3 tells a refusal only after the handshake. */
async function shown(of: App, options: object = {}): Promise<{ subjectaltname?: string | undefined }> {
  const socket = connect({ host: '127.0.0.1', port: port(of), ca: authority.cert, ...options });
  sockets.push(socket);
  await once(socket, 'secureConnect');
  return socket.getPeerCertificate();
}

async function taken(of: App, options: object = {}): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port: port(of), ca: authority.cert, ...options });
  sockets.push(socket);
  const outcome = Promise.race([
    once(socket, 'data').then(() => true),
    once(socket, 'close').then(() => false),
  ]).catch(() => false);
  socket.on('error', () => {});
  socket.write('\r\n\r\n');
  return outcome;
}

test('a call over TLS; both sides say so, and the callee hangs up on the same connection', async () => {
  const ports = new Set<number>();
  let request: SrfRequest | undefined;
  let answered: (dialog: SrfDialog) => void = () => {};
  const uas = new Promise<SrfDialog>((resolve) => {
    answered = resolve;
  });
  const callee = answering(answered, (req) => {
    request = req;
  });
  const b = await app(good, callee, {
    trace: ({ remote }: { remote: { port: number } }) => ports.add(remote.port),
  });
  const a = await app();
  const uac = await a.srf.createUAC(`sip:bob@localhost:${port(b)};transport=tls`, {
    localSdp: SDP(5000),
    callingNumber: 'alice',
  });
  expect(request?.get('Via')).toContain('SIP/2.0/TLS 127.0.0.1:');
  expect(uac.local.contact).toContain(`<sip:alice@${a.address};transport=tls>`);
  expect(uac.remote.uri).toBe(`sip:${b.address};transport=tls`);
  const destroyed = once(uac, 'destroy');
  await (await uas).destroy();
  expect(((await destroyed) as [SrfMessage])[0].get('Via')).toContain('SIP/2.0/TLS');
  expect(ports.size).toBe(1);
  expect([a.server.stats().dialogs, b.server.stats().dialogs]).toEqual([0, 0]);
});

test('a sips: call has sips: Contacts on both sides', async () => {
  let contact: string | undefined;
  const b = await app(
    good,
    answering(undefined, (req) => {
      contact = req.get('Contact');
    }),
  );
  const a = await app();
  const uac = await a.srf.createUAC(`sips:bob@127.0.0.1:${port(b)}`, { localSdp: SDP(5000) });
  expect(contact).toContain(`sips:`);
  expect(contact).not.toContain('transport');
  expect(uac.remote.uri).toBe(`sips:${b.address}`);
  await uac.destroy();
});

describe('a caller refuses', () => {
  test.each<[string, TlsOptions]>([
    ['a certificate of an authority it does not know', { certificates: [foreign.issue('DNS:localhost')] }],
    ['an expired certificate', { certificates: [authority.issue('DNS:localhost', -1)] }],
    ['a certificate for another name', { certificates: [authority.issue('DNS:elsewhere.test')] }],
    ['a wildcard', { certificates: [authority.issue('DNS:*.test,DNS:*')] }],
  ])('%s, with 503 and without having said anything', async (_name, tls) => {
    const b = await app(tls, answering());
    const a = await app();
    const uri = `sip:bob@localhost:${port(b)};transport=tls`;
    const error = (await a.srf.createUAC(uri, { localSdp: SDP(1) }).catch((e) => e)) as SipError;
    expect(error.status).toBe(503);
    expect(b.server.stats()).toMatchObject({ requestsIn: {}, malformed: 0 });
    const careless = await app({ ...good, acceptAnyServer: true });
    await (await careless.srf.createUAC(uri, { localSdp: SDP(1) })).destroy();
  });
});

describe('client certificates', () => {
  const mine = authority.issue('DNS:phone.test');
  const theirs = foreign.issue('DNS:phone.test');
  const expired = authority.issue('DNS:phone.test', -1);

  test.each<[NonNullable<TlsOptions['clientCertificate']>, object]>([
    ['none', { nothing: true, mine: true, theirs: true, expired: true }],
    ['optional', { nothing: true, mine: true, theirs: false, expired: false }],
    ['required', { nothing: false, mine: true, theirs: false, expired: false }],
  ])('%s', async (clientCertificate, verdicts) => {
    const b = await app({ ...good, clientCertificate });
    expect({
      nothing: await taken(b),
      mine: await taken(b, mine),
      theirs: await taken(b, theirs),
      expired: await taken(b, expired),
    }).toEqual(verdicts);
  });

  test('ours is shown to a server that requires one', async () => {
    const b = await app({ ...good, clientCertificate: 'required' }, answering());
    const uri = `sip:bob@localhost:${port(b)};transport=tls`;
    await (await (await app()).srf.createUAC(uri, { localSdp: SDP(1) })).destroy();
    const stranger = await app({ ...good, certificates: [theirs] });
    const error = (await stranger.srf.createUAC(uri, { localSdp: SDP(1) }).catch((e) => e)) as SipError;
    expect(error.status).toBe(503);
  });

  test('a server with several names verifies them, too', async () => {
    const b = await app({
      ...good,
      certificates: [own, authority.issue('DNS:b.test')],
      clientCertificate: 'required',
    });
    const asked = { servername: 'b.test', rejectUnauthorized: false };
    expect([await taken(b, { ...asked, ...mine }), await taken(b, { ...asked, ...theirs })]).toEqual([
      true,
      false,
    ]);
  });
});

test('the name asked for selects the certificate', async () => {
  const certificates = [own, authority.issue('DNS:a.test'), authority.issue('DNS:*.b.test')];
  const b = await app({ ...good, certificates });
  const asked = async (servername?: string): Promise<string | undefined> =>
    (await shown(b, { rejectUnauthorized: false, ...(servername !== undefined && { servername }) }))
      .subjectaltname;
  expect(await asked('a.test')).toBe('DNS:a.test');
  expect(await asked('x.b.test')).toBe('DNS:*.b.test');
  expect(await asked('unknown.test')).toContain('DNS:localhost');
  expect(await asked()).toContain('DNS:localhost');
});

test('versions below TLS 1.2, and below the one configured, are refused', async () => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
  const b = await app();
  expect([await taken(b, old), await taken(b, { maxVersion: 'TLSv1.2' })]).toEqual([false, true]);
  const strict = await app({ ...good, minVersion: 'TLSv1.3' });
  expect([await taken(strict, { maxVersion: 'TLSv1.2' }), await taken(strict)]).toEqual([false, true]);
});

test('what is not TLS is closed', async () => {
  const b = await app();
  const socket = connectTcp(port(b), '127.0.0.1');
  socket.on('error', () => {});
  socket.write('OPTIONS sip:x SIP/2.0\r\n\r\n');
  await new Promise((resolve) => socket.once('close', resolve));
  expect(await taken(b)).toBe(true);
});

describe('reload', () => {
  test('new connections see the new certificate, old ones stay; a broken file changes nothing', async () => {
    const cert = authority.write('live.pem', own.cert);
    const key = authority.write('live.key', own.key);
    const b = await app({ ...good, certificates: [{ cert, key }] });
    const old = connect({ host: '127.0.0.1', port: port(b), ca: authority.cert });
    sockets.push(old);
    await once(old, 'secureConnect');

    const next = authority.issue('DNS:next.test,IP:127.0.0.1');
    authority.write('live.pem', next.cert);
    await expect(b.server.reload()).rejects.toMatchObject({ code: 'SIP_SERVER_TLS', detail: { at: cert } });
    expect((await shown(b)).subjectaltname).toContain('localhost');
    authority.write('live.key', next.key);
    await b.server.reload();
    expect((await shown(b)).subjectaltname).toContain('next.test');
    expect((await shown(b, { servername: 'next.test' })).subjectaltname).toContain('next.test');
    old.write('\r\n\r\n');
    expect(String((await once(old, 'data'))[0])).toBe('\r\n');
  });

  test('reaches the worker, and its refusal comes back', async () => {
    const cert = authority.write('worker.pem', own.cert);
    const tls = { certificates: [{ cert, key: own.key }] };
    const listen = [{ protocol: 'tls', address: '127.0.0.1', port: 0, tls }] as const;
    const server = await startSipServerWorker({ secret: SECRET, listen });
    await server.reload();
    authority.write('worker.pem', 'nothing');
    await expect(server.reload()).rejects.toMatchObject({ code: 'SIP_SERVER_TLS', detail: { at: cert } });
    await server.close();
    await expect(server.reload()).rejects.toMatchObject({ code: 'SIP_SERVER_WORKER' });
  });
});

test('a certificate that ends soon is told at the start and each day, until a reload brings a better one', async () => {
  // A little late, for openssl counts in whole seconds.
  const clock = new FakeClock(Date.now() + 60_000);
  const told: string[] = [];
  const warn = (fields: object, event: string): void => {
    const { at, days } = fields as { at: string; days: number };
    told.push(`${event} ${at === cert} ${days}`);
  };
  const log = { debug: () => {}, info: () => {}, error: () => {}, warn };
  const short = authority.issue('DNS:localhost', 2);
  const cert = authority.write('short.pem', short.cert);
  const key = authority.write('short.key', short.key);
  const b = await app({ ...good, certificates: [{ cert, key }, own] }, undefined, { clock, log });
  const DAY = 86_400_000;
  for (let day = 0; day < 2; day++) clock.advance(DAY);
  expect(told.splice(0)).toEqual([
    'sip_server.certificate_expires true 1',
    'sip_server.certificate_expires true 0',
    'sip_server.certificate_expired true -1',
  ]);
  authority.write('short.pem', own.cert);
  authority.write('short.key', own.key);
  await b.server.reload();
  clock.advance(DAY);
  expect(told).toEqual([]);
});

test.each<[string, TlsOptions, string]>([
  ['no certificate', { certificates: [] }, 'SIP_SERVER_OPTIONS'],
  ['a missing file', { certificates: [{ cert: '/nowhere/a.pem', key: own.key }] }, 'SIP_SERVER_TLS'],
  [
    'the key of another',
    { certificates: [{ cert: own.cert, key: foreign.issue('DNS:x').key }] },
    'SIP_SERVER_TLS',
  ],
  ['authorities that are none', { ...good, ca: own.key }, 'SIP_SERVER_TLS'],
])('%s stops the start', async (_name, tls, code) => {
  await expect(app(tls)).rejects.toMatchObject({ code });
});
