import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, expect, test } from 'vitest';
import { type App, startApp } from './support/app.ts';
import { Authority } from './support/certificates.ts';
import type { SrfMessage } from './support/srf.ts';

const authority = new Authority();
const certificate = authority.issue('IP:127.0.0.1');
const open: { app: App; phone: TLSSocket }[] = [];
afterEach(async () => {
  for (const { app, phone } of open.splice(0)) {
    phone.destroy();
    await app.close();
  }
});
afterAll(() => authority.close());

/** A phone without certificate that has registered over TLS and got `status`; and the application's server. */
async function registering(status: number): Promise<{ app: App; phone: TLSSocket }> {
  const tls = { certificates: [certificate] };
  const app = await startApp((srf) => srf.register((_req, res) => res.send(status)), {
    listen: [{ protocol: 'tls', address: '127.0.0.1', port: 0, tls }],
  });
  const { port } = app.server.contacts[0]!;
  const phone = connect({ host: '127.0.0.1', port, ca: authority.cert });
  phone.setEncoding('utf8');
  open.push({ app, phone });
  await once(phone, 'secureConnect');
  const request = [
    'REGISTER sip:127.0.0.1 SIP/2.0',
    'Via: SIP/2.0/TLS 127.0.0.1:5999;branch=z9hG4bK-register;rport',
    'Max-Forwards: 70',
    'From: <sip:bob@127.0.0.1>;tag=1',
    'To: <sip:bob@127.0.0.1>',
    'Call-ID: register@127.0.0.1',
    'CSeq: 1 REGISTER',
    'Contact: <sip:bob@127.0.0.1:5999;transport=tls>',
    'Content-Length: 0',
  ];
  phone.write([...request, '', ''].join('\r\n'));
  expect(String(await once(phone, 'data'))).toContain(`SIP/2.0 ${status}`);
  return { app, phone };
}

const ask = (app: App, host: string, port: number | undefined): ReturnType<App['srf']['request']> =>
  app.srf.request('sip:bob@127.0.0.1:5999;transport=tls', {
    method: 'OPTIONS',
    proxy: `sip:${host}:${port};transport=tls`,
  });

test('a phone that registered over TLS is reached on its connection', async () => {
  const { app, phone } = await registering(200);
  const heard = once(phone, 'data');
  await ask(app, '127.0.0.1', phone.localPort);
  expect(String(await heard)).toContain('OPTIONS sip:bob@127.0.0.1:5999;transport=tls SIP/2.0');
});

test.each([
  ['one that was refused is not', 401, '127.0.0.1'],
  ['nor under a name', 200, 'localhost'],
])('%s', async (_what, status, host) => {
  const { app, phone } = await registering(status);
  const [response] = (await once(await ask(app, host, phone.localPort), 'response')) as [SrfMessage];
  expect(response.status).toBe(503);
});
