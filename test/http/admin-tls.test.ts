import { renameSync } from 'node:fs';
import { connect } from 'node:tls';
import { Agent, fetch } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { Authority, type Issued } from '../sip-server/support/certificates.ts';
import { type RigOptions, rawConnection, type ServersRig, servers } from './servers.ts';

interface TlsRig extends ServersRig {
  readonly authority: Authority;
  readonly cert: string;
  readonly key: string;
  /** Status and common name of the certificate that was shown. */
  get(path: string, client?: Issued): Promise<number>;
  /** Common name of the certificate that is shown to whoever connects now. */
  shown(): Promise<string>;
}

async function rig(options: RigOptions = {}, clients = false): Promise<TlsRig> {
  const authority = new Authority();
  onTestFinished(() => authority.close());
  const own = authority.issue('IP:127.0.0.1', 30, 'first');
  const [cert, key] = [authority.write('admin.pem', own.cert), authority.write('admin.key', own.key)];
  const clientCa = clients ? authority.write('clients.pem', authority.cert) : undefined;
  const running = await servers({ ...options, admin: { tls: { cert, key, clientCa }, ...options.admin } });
  const { port } = new URL(running.adminUrl);
  return {
    ...running,
    authority,
    cert,
    key,
    get: async (path, client) => {
      const dispatcher = new Agent({ connect: { ca: authority.cert, ...client } });
      onTestFinished(() => dispatcher.close());
      const reply = await fetch(running.adminUrl + path, { dispatcher });
      await reply.text();
      return reply.status;
    },
    shown: () =>
      new Promise((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port: Number(port), ca: authority.cert }, () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        });
        socket.on('error', reject);
      }),
  };
}

it('serves HTTPS, and tells whoever speaks plain HTTP so', async () => {
  const { adminUrl, get } = await rig();
  expect(adminUrl).toMatch(/^https:/);
  expect(await get('/health/live')).toBe(200);
  const { socket, closed } = await rawConnection(adminUrl);
  socket.write('GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  expect(await closed).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n.*use https:\/\/\n$/s);
  expect(await get('/health/live')).toBe(200);
});

it('speaks no version before TLS 1.2', async () => {
  const { adminUrl, authority } = await rig();
  const port = Number(new URL(adminUrl).port);
  const tried = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(
        {
          ...{ host: '127.0.0.1', port, ca: authority.cert, minVersion: version, maxVersion: version },
          // OpenSSL itself would not even try the old one.
          ciphers: 'DEFAULT@SECLEVEL=0',
        },
        () => {
          resolve(socket.getProtocol() ?? '');
          socket.destroy();
        },
      );
      socket.on('error', () => resolve('refused'));
    });
  expect([await tried('TLSv1.1'), await tried('TLSv1.2'), await tried('TLSv1.3')]).toEqual([
    'refused',
    'TLSv1.2',
    'TLSv1.3',
  ]);
});

it('takes a new certificate when it is told to, and when the files change; of no use is none', async () => {
  const { authority, cert, key, shown, reload, lines } = await rig({ limits: { tlsWatchMs: 20 } });
  const put = (issued: Issued): void => {
    // As certbot does: each file whole, in place of the old one.
    renameSync(authority.write('next.key', issued.key), key);
    renameSync(authority.write('next.pem', issued.cert), cert);
  };
  expect(await shown()).toBe('first');
  put(authority.issue('IP:127.0.0.1', 30, 'second'));
  reload();
  expect(await shown()).toBe('second');
  put(authority.issue('IP:127.0.0.1', 30, 'third'));
  await expect.poll(shown).toBe('third');
  renameSync(authority.write('broken', 'no certificate'), cert);
  reload();
  expect(await shown()).toBe('third');
  expect(lines).toContainEqual(
    expect.objectContaining({ event: 'admin.tls-not-reloaded', code: 'HTTP_TLS' }),
  );
});

it('with an authority for clients speaks to nobody else, and names them in the audit log', async () => {
  const { get, authority, adminUrl, lines } = await rig(
    { handlers: { hangUp: ({ params: { id: callId } }) => ({ status: 202, body: { callId } }) } },
    true,
  );
  const client = authority.issue('DNS:client.test', 30, 'night shift');
  expect(await get('/calls', client)).toBe(200);
  await expect(get('/calls')).rejects.toThrow();
  const other = new Authority('Another authority');
  onTestFinished(() => other.close());
  await expect(get('/calls', other.issue('DNS:client.test', 30, 'night shift'))).rejects.toThrow();
  const dispatcher = new Agent({ connect: { ca: authority.cert, ...client } });
  onTestFinished(() => dispatcher.close());
  expect((await fetch(`${adminUrl}/calls/c_1`, { method: 'DELETE', dispatcher })).status).toBe(202);
  expect(lines).toContainEqual(
    expect.objectContaining({ event: 'admin.audit', who: 'cert:night shift', callId: 'c_1' }),
  );
});

it('does not start with files that are of no use', async () => {
  const authority = new Authority();
  onTestFinished(() => authority.close());
  const cert = authority.write('a.pem', authority.issue('', 30).cert);
  const key = authority.write('b.key', authority.issue('', 30).key);
  for (const tls of [
    { cert, key },
    { cert: '/nowhere.pem', key },
  ]) {
    await expect(servers({ admin: { tls } })).rejects.toMatchObject({ code: 'HTTP_TLS' });
  }
});

it('closes, whatever connections say nothing', async () => {
  const { adminUrl, close } = await rig();
  const { closed } = await rawConnection(adminUrl);
  await close();
  expect(await closed).toBe('');
});
