import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type ConfigProblem, configWarnings, type GatewayConfig } from '../../src/config/index.ts';
import { Authority } from '../sip-server/support/certificates.ts';
import * as examples from './example.ts';

const sources = { ...examples.sources, readFile: (path: string) => readFileSync(path, 'utf8') };
const configOf = (text: string): GatewayConfig => examples.configOf(text, sources);
const problemsOf = (text: string): readonly ConfigProblem[] => examples.problemsOf(text, sources);

const HASH = `sha256:${'ab'.repeat(32)}`;
const token = (more = ''): string => `{ name: a, scopes: [read], hash: "${HASH}"${more} }`;
/** The example with another admin port. */
const admin = (text: string): string =>
  examples.with_(/listen: \{ address: 127.0.0.1, port: 9090 \}.*/, `${text} #`);

it('listens on loopback and sockets without tokens, and nowhere else', () => {
  for (const address of ['127.0.0.1', '127.0.0.9', '"::1"']) {
    expect(configOf(admin(`listen: { address: ${address}, port: 9090 }`)).admin.tokens).toEqual([]);
  }
  for (const address of ['0.0.0.0', '"::"', '192.0.2.10']) {
    const open = `listen: { address: ${address}, port: 9090 }`;
    expect(problemsOf(admin(open))).toMatchObject([
      { key: 'admin.listen.address', remedy: expect.stringContaining('msgw token new') },
    ]);
    const closed = configOf(admin(`${open}\n  tokens: [${token()}]`));
    expect(configWarnings(closed)).toContainEqual(expect.objectContaining({ key: 'admin.tls' }));
    expect(configOf(admin(`${open}\n  socket: { path: /run/msgw.sock }`)).admin.socket?.mode).toBe('0600');
  }
});

it.each([
  ['{ name: a, scopes: [read] }', 'admin.tokens[0]', /neither hash nor secret/],
  ['{ name: a, scopes: [], hash: "HASH" }', 'admin.tokens[0].scopes', /./],
  ['{ name: a, scopes: [reed], hash: "HASH" }', 'admin.tokens[0].scopes[0]', /reed|one of/],
  ['{ name: a b, scopes: [read], hash: "HASH" }', 'admin.tokens[0].name', /./],
  ['{ name: a, scopes: [read], hash: "sha256:ab" }', 'admin.tokens[0].hash', /./],
  [
    '{ name: a, scopes: [read], secret: "written-into-the-file-in-the-clear" }',
    'admin.tokens[0].secret',
    /./,
  ],
  [
    '{ name: a, scopes: [read], hash: "HASH" }, { name: a, scopes: [calls], hash: "HASH" }',
    'admin.tokens[1].name',
    /twice/,
  ],
])('tokens %s are refused', (tokens, key, message) => {
  const text = admin(`tokens: [${tokens.replaceAll('HASH', HASH)}]`);
  expect(problemsOf(text)).toContainEqual(
    expect.objectContaining({ key, message: expect.stringMatching(message) }),
  );
});

it('a secret comes from a file, is long enough, and is there in place of a hash', () => {
  const folder = mkdtempSync(join(tmpdir(), 'msgw-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'token');
  const text = admin(`tokens: [{ name: a, scopes: [admin], secret: "file:${file}" }]`);
  writeFileSync(file, 'x'.repeat(32));
  expect(configOf(text).admin.tokens).toEqual([{ name: 'a', scopes: ['admin'], secret: 'x'.repeat(32) }]);
  expect(problemsOf(admin(`tokens: [${token(`, secret: "file:${file}"`)}]`))).toMatchObject([
    { key: 'admin.tokens[0]', message: expect.stringContaining('both') },
  ]);
  writeFileSync(file, 'x'.repeat(31));
  expect(problemsOf(text)).toMatchObject([{ key: 'admin.tokens[0].secret' }]);
});

it('the files of TLS are looked at, and a socket has none', () => {
  const authority = new Authority();
  onTestFinished(() => authority.close());
  const { cert, key } = authority.issue('DNS:gateway.test');
  const paths = { cert: authority.write('a.pem', cert), key: authority.write('a.key', key) };
  const tls = (cert_: string, key_: string, more = ''): string =>
    admin(`tls: { cert: ${cert_}, key: ${key_}${more} }`);
  expect(problemsOf(tls('/nowhere.pem', paths.key))).toMatchObject([{ key: 'admin.tls.cert' }]);
  const other = authority.write('b.key', authority.issue('').key);
  expect(problemsOf(tls(paths.cert, other))).toMatchObject([{ key: 'admin.tls.key' }]);
  expect(problemsOf(tls(paths.cert, paths.key, `, clientCa: ${paths.key}`))).toMatchObject([
    { key: 'admin.tls.clientCa' },
  ]);
  expect(configOf(tls(paths.cert, paths.key)).admin.tls).toEqual(paths);
  expect(
    problemsOf(`${tls(paths.cert, paths.key)}`.replace('tls:', 'socket: { path: /x }\n  tls:')),
  ).toMatchObject([{ key: 'admin.tls' }]);
  const clients = `listen: { address: 0.0.0.0, port: 9090 }\n  tls: { cert: ${paths.cert}, key: ${paths.key}, clientCa: ${paths.cert} }`;
  expect(configWarnings(configOf(admin(clients))).filter((one) => one.key.startsWith('admin'))).toEqual([]);
});
