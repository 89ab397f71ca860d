import { readFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { sipServerSettings } from '../../src/gateway/sip-listeners.ts';
import { Authority } from '../sip-server/support/certificates.ts';
import { configOf, problemsOf, sources, with_ } from './example.ts';

const files = { ...sources, readFile: (path: string) => readFileSync(path, 'utf8') };
const listening = (text: string): string => with_('{ protocol: udp, address: 192.0.2.10, port: 5060 }', text);
const tls = (certificate: string, more = ''): string =>
  listening(
    `{ protocol: udp, address: 192.0.2.10 }\n    - { protocol: tls, address: 192.0.2.10, tls: { certificates: [{ ${certificate} }]${more} } }`,
  );

let paths: { cert: string; key: string; other: string; locked: string; text: string };
let authority: Authority;

beforeAll(() => {
  authority = new Authority();
  const own = authority.issue('DNS:sip.test');
  paths = {
    cert: authority.write('cert.pem', own.cert),
    key: authority.write('key.pem', own.key),
    other: authority.write('other.pem', authority.issue('DNS:other.test').key),
    locked: authority.write('locked.pem', authority.lock('key.pem', 'opens it')),
    text: authority.write('text.pem', 'no PEM'),
  };
  return () => authority.close();
});

it('takes a tls listener whose files fit', () => {
  const { listen } = configOf(tls(`cert: ${paths.cert}, key: ${paths.key}`), files).sip;
  expect(listen[1]).toMatchObject({
    protocol: 'tls',
    tls: { clientCertificate: 'none', acceptAnyServer: false },
  });
  const opened = tls(`cert: ${paths.cert}, key: ${paths.locked}, passphrase: "\${META_VERIFY_TOKEN}"`);
  const withPassphrase = { ...files, env: { ...files.env, META_VERIFY_TOKEN: 'opens it' } };
  expect(configOf(opened, withPassphrase).sip.listen).toHaveLength(2);
});

it.each(['"${NOT_SET}"', 'file:/nowhere'])(
  'a key is not told to be none where its passphrase is %s',
  (passphrase) => {
    const text = tls(`cert: ${paths.cert}, key: ${paths.locked}, passphrase: ${passphrase}`);
    const keys = problemsOf(text, files).map(({ key }) => key);
    expect(keys).toEqual(['sip.listen[1].tls.certificates[0].passphrase']);
  },
);

it.each<[string, () => string, string, RegExp]>([
  [
    'no certificate',
    () => listening('{ protocol: tls, address: 192.0.2.10 }'),
    'sip.listen[0].protocol',
    /no certificate.*Add tls/,
  ],
  [
    'certificates for udp',
    () => tls(`cert: ${paths.cert}, key: ${paths.key}`).replace('protocol: tls', 'protocol: tcp'),
    'sip.listen[1].tls',
    /tcp has no certificates.*protocol: tls/,
  ],
  [
    'a file that is not there',
    () => tls(`cert: /nowhere, key: ${paths.key}`),
    'sip.listen[1].tls.certificates[0].cert',
    /ENOENT.*Check the path/,
  ],
  [
    'no PEM',
    () => tls(`cert: ${paths.text}, key: ${paths.key}`),
    'sip.listen[1].tls.certificates[0].cert',
    /holds no certificate.*-----BEGIN/,
  ],
  [
    'a chain that is none',
    () => tls(`cert: ${paths.cert}, chain: ${paths.text}, key: ${paths.key}`),
    'sip.listen[1].tls.certificates[0].chain',
    /holds no certificate/,
  ],
  [
    'authorities that are none',
    () => tls(`cert: ${paths.cert}, key: ${paths.key}`, `, ca: ${paths.text}`),
    'sip.listen[1].tls.ca',
    /holds no certificate/,
  ],
  [
    'the key of another',
    () => tls(`cert: ${paths.cert}, key: ${paths.other}`),
    'sip.listen[1].tls.certificates[0].key',
    /is not the key of/,
  ],
  [
    'a locked key',
    () => tls(`cert: ${paths.cert}, key: ${paths.locked}`),
    'sip.listen[1].tls.certificates[0].key',
    /holds no key that can be used.*passphrase/,
  ],
])('names %s', (_name, text, key, words) => {
  const problem = problemsOf(text(), files).find((candidate) => candidate.key === key);
  expect(`${problem?.message} ${problem?.remedy}`).toMatch(words);
  expect(problem?.line).toBeGreaterThan(0);
});

it('a tls trunk needs a tls listener, and is told how to write one', () => {
  const text = with_('host: 192.0.2.20', 'host: 192.0.2.20\n    transport: tls');
  expect(problemsOf(text)).toMatchObject([
    { key: 'trunks.pbx.transport', remedy: expect.stringContaining('tls: { certificates: ... }') },
  ]);
});

it('the server gets each listener with its own peers, rate and address, and the port of its protocol', () => {
  const settings = sipServerSettings({
    ...configOf(
      listening(
        '{ protocol: tcp, address: 192.0.2.10, externalAddress: 198.51.100.1, allow: [192.0.2.99], rateLimit: { perSecond: 5 } }\n    - { address: 192.0.2.10, rateLimit: { perSecond: 0 } }',
      ),
    ).sip,
    rateLimit: { perSecond: 50, exempt: ['192.0.2.20'] },
    localNetworks: ['192.0.2.0/24'],
    dnsServers: ['192.0.2.53'],
  });
  expect(settings).toEqual({
    keepAliveMs: 105_000,
    allow: ['127.0.0.0/8', '::1', '192.0.2.20'],
    localNetworks: ['192.0.2.0/24'],
    dnsServers: ['192.0.2.53'],
    rateLimit: { perSecond: 50, exempt: ['192.0.2.20'] },
    listen: [
      {
        protocol: 'tcp',
        address: '192.0.2.10',
        port: 5060,
        externalAddress: '198.51.100.1',
        allow: ['127.0.0.0/8', '::1', '192.0.2.99'],
        rateLimit: { perSecond: 5 },
      },
      { protocol: 'udp', address: '192.0.2.10', port: 5060, rateLimit: false },
    ],
  });
});
