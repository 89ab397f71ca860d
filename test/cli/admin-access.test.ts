import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startWorld, type World } from '../../src/cli/demo/world.ts';
import { Authority } from '../sip-server/support/certificates.ts';
import { folder, msgw } from './support/meta-world.ts';

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, out } = await msgw([...args, '--json']);
  return { code, ...(JSON.parse(out) as object) };
}

async function world(admin: object): Promise<World> {
  const started = await startWorld({
    configure: (yaml) => {
      yaml['admin'] = { listen: { address: '127.0.0.1', port: 0 }, ...admin };
    },
  });
  onTestFinished(() => started.close());
  return started;
}

it('makes tokens that the gateway takes, by option, file and environment', async () => {
  const made = await json('token', 'new', '--name', 'night', '--scopes', 'read');
  expect(made).toMatchObject({ code: 0, name: 'night', scopes: ['read'] });
  const { token, hash } = made as { token: string; hash: string };
  const { gateway } = await world({ tokens: [{ name: 'night', scopes: ['read'], hash }] });
  const at = ['--admin-url', gateway.adminUrl];

  expect(await json('calls', ...at)).toMatchObject({ code: 1, problems: [{ field: 'Authorization' }] });
  expect(await json('calls', ...at, '--token', token)).toEqual({ code: 0, ok: true, calls: [] });
  const file = join(folder(), 'token');
  writeFileSync(file, `${token}\n`);
  expect(await json('calls', ...at, '--token', `file:${file}`)).toMatchObject({ code: 0 });
  vi.stubEnv('MSGW_ADMIN_TOKEN', token);
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await json('calls', ...at)).toMatchObject({ code: 0 });
  expect(await json('hangup', 'c_1', ...at)).toMatchObject({
    code: 1,
    problems: [{ field: 'scope', message: expect.stringContaining('calls') }],
  });
});

it('shows the line for the configuration, and what a token of no scope would be', async () => {
  const { out, code } = await msgw(['token', 'new', '--scopes', 'read,calls']);
  expect(code).toBe(0);
  const hash = /hash: "(sha256:[0-9a-f]{64})"/.exec(out)?.[1];
  expect(out).toContain(`- { name: operator, scopes: [read, calls], hash: "${hash}" }`);
});

it('speaks TLS with the authority that is named, and with no other', async () => {
  const authority = new Authority();
  onTestFinished(() => authority.close());
  const own = authority.issue('IP:127.0.0.1');
  const ca = authority.write('authority.pem', authority.cert);
  const files = { cert: authority.write('a.pem', own.cert), key: authority.write('a.key', own.key) };
  const { gateway } = await world({ tls: files });
  const at = ['--admin-url', gateway.adminUrl];
  expect(gateway.adminUrl).toMatch(/^https:/);
  expect(await json('calls', ...at, '--ca', ca)).toMatchObject({ code: 0, calls: [] });
  expect(await json('calls', ...at)).toMatchObject({ code: 1, problems: [{ field: '--admin-url' }] });
  expect(await json('calls', ...at, '--ca', '/nowhere.pem')).toMatchObject({
    code: 2,
    problems: [{ field: '--ca' }],
  });
  const plain = gateway.adminUrl.replace('https:', 'http:');
  expect(await json('calls', '--admin-url', plain)).toMatchObject({
    code: 1,
    problems: [{ message: expect.stringContaining('status 400') }],
  });
});

it('shows its certificate where the port asks for one', async () => {
  const authority = new Authority();
  onTestFinished(() => authority.close());
  const own = authority.issue('IP:127.0.0.1');
  const ca = authority.write('authority.pem', authority.cert);
  const tls = {
    cert: authority.write('a.pem', own.cert),
    key: authority.write('a.key', own.key),
    clientCa: ca,
  };
  const { gateway } = await world({ tls });
  const at = ['--admin-url', gateway.adminUrl, '--ca', ca];
  expect(await json('calls', ...at)).toMatchObject({ code: 1 });
  expect(await json('calls', ...at, '--cert', tls.cert, '--key', tls.key)).toMatchObject({ code: 0 });
});

it('reaches a Unix socket', async () => {
  const path = join(folder(), 'admin.sock');
  const { gateway } = await world({ socket: { path } });
  expect(gateway.adminUrl).toBe(`unix:${path}`);
  expect(await json('calls', '--admin-url', gateway.adminUrl)).toMatchObject({ code: 0, calls: [] });
  expect(await json('calls', '--admin-url', 'unix:/nowhere.sock')).toMatchObject({
    code: 1,
    problems: [{ message: expect.stringContaining('no gateway listens') }],
  });
});

it('says what is needed to find the gateway', async () => {
  expect(await json('calls')).toMatchObject({
    code: 2,
    problems: [{ field: '--admin-url', remedy: expect.stringContaining('--config') }],
  });
  expect(await json('calls', '--admin-url', 'ftp://x')).toMatchObject({ code: 2 });
});
