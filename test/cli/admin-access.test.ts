import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { adminPlace } from '../../src/cli/admin-place.ts';
import { startWorld, type World } from '../../src/cli/demo/world.ts';
import { loadPart } from '../../src/config/index.ts';
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

describe('with a configuration that only the gateway can read whole', () => {
  /** Nobody has set its secrets, its folders are nowhere, and it does not even fit. */
  const broken = (admin: object): string => {
    const file = join(folder(), 'gateway.yaml');
    const secret = '${MSGW_TEST_NOBODY_SET_IT}';
    const wrong = { trunks: { pbx: { hots: '192.0.2.20' } }, journal: { path: '/nowhere/journal' } };
    const tokens = [{ name: 'wallboard', scopes: ['read'], secret }];
    const meta = { apps: [{ id: '1', secret, verifyToken: secret }] };
    writeFileSync(file, JSON.stringify({ meta, ...wrong, admin: { ...admin, tokens } }));
    return file;
  };
  const portOf = (url: string): number => Number(new URL(url).port);

  it('finds a port with TLS, and takes the certificate that it names, of whatever name', async () => {
    const authority = new Authority();
    onTestFinished(() => authority.close());
    const [own, other] = [authority.issue('DNS:gateway.example.org'), authority.issue('IP:127.0.0.1')];
    const tls = { cert: authority.write('a.pem', own.cert), key: authority.write('a.key', own.key) };
    const { gateway } = await world({ tls });
    const listen = { address: '127.0.0.1', port: portOf(gateway.adminUrl) };
    const at = ['--config', broken({ listen, tls })];
    expect(await json('calls', ...at)).toEqual({ code: 0, ok: true, calls: [] });
    expect(await json('health', ...at)).toMatchObject({ code: 0, live: true, ready: true });
    expect((await msgw(['health', '--ready', ...at])).out).toBe('ready, 0 calls\n');

    const elses = { ...tls, cert: authority.write('b.pem', other.cert) };
    expect(await json('health', '--config', broken({ listen, tls: elses }))).toMatchObject({
      code: 1,
      problems: [{ field: '--admin-url', remedy: expect.stringContaining('--ca') }],
    });
    gateway.drain().catch(() => undefined);
    expect(await json('health', ...at)).toMatchObject({ code: 0, live: true, ready: false, closing: true });
    expect(await json('health', '--ready', ...at)).toMatchObject({ code: 1, problems: [{ field: 'ready' }] });
  });

  it('finds a Unix socket', async () => {
    const socket = { path: join(folder(), 'admin.sock') };
    await world({ socket });
    expect(await json('health', '--config', broken({ socket }))).toMatchObject({ code: 0, ready: true });
    expect(await json('calls', '--config', broken({ socket }))).toMatchObject({ code: 0, calls: [] });
  });

  it('says what is wrong with admin itself, and what to do without it', async () => {
    const file = broken({ listen: { port: 'http' } });
    expect(await json('hangup', 'c_1', '--config', file)).toMatchObject({
      code: 2,
      problems: [
        { field: 'admin.listen.port', line: 1, file, remedy: expect.stringContaining('--admin-url') },
      ],
    });
  });
});

describe('where the gateway is', () => {
  const defaults = loadPart(undefined, { sections: ['admin'], secrets: false });
  if (!defaults.ok) throw new Error('admin has no defaults');
  const at = (flags: object, admin: object = {}) =>
    adminPlace(flags, { admin: { ...defaults.value.admin, ...admin } });
  const listen = (address: string, port = 9090) => ({ listen: { address, port } });

  it('is the default, what the configuration says, or what the option says', () => {
    expect(at({})).toMatchObject({ value: { url: 'http://127.0.0.1:9090' } });
    expect(at({}, listen('0.0.0.0', 9099))).toMatchObject({ value: { url: 'http://127.0.0.1:9099' } });
    expect(at({}, listen('::', 9099))).toMatchObject({ value: { url: 'http://[::1]:9099' } });
    expect(at({}, { socket: { path: '/run/msgw.sock', mode: '0600' } })).toMatchObject({
      value: { url: 'unix:/run/msgw.sock' },
    });
    expect(at({ adminUrl: 'https://gw:1' }, listen('::'))).toMatchObject({ value: { url: 'https://gw:1' } });
  });

  it('is not to be had of a port that the system chooses, or of what is no URL', async () => {
    expect(at({}, listen('127.0.0.1', 0))).toMatchObject({ error: { field: '--admin-url' } });
    expect(await json('calls', '--admin-url', 'ftp://x')).toMatchObject({ code: 2 });
  });
});
