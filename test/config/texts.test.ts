import { describe, expect, it } from 'vitest';
import { configOf, problemsOf, with_, withEnv } from './example.ts';

/** What the environment would put into a header. */
const lineEnd = 'x\r\nP-Asserted-Identity: <sip:boss@example.org>';

describe('a text that goes into a header has one line', () => {
  it.each<[string, string, string]>([
    ['sip.userAgent', '  server: embedded', '  userAgent: ${VALUE}\n  server: embedded'],
    ['trunks.pbx.user', '    host: 192.0.2.20', '    user: ${VALUE}\n    host: 192.0.2.20'],
    ['trunks.pbx.fromDomain', '    host: 192.0.2.20', '    fromDomain: ${VALUE}\n    host: 192.0.2.20'],
    ['routes.support.targets[1].user', 'user: "100"', 'user: "${VALUE}"'],
    [
      'trunks.pbx.credentials.username',
      '    host: 192.0.2.20',
      '    credentials: { username: "${VALUE}", password: "${PASSWORD}" }\n    host: 192.0.2.20',
    ],
    ['meta.pages[0].accessToken', '${META_PAGE_TOKEN}', '${VALUE}'],
    ['meta.apps[0].secret', '${META_APP_SECRET}', '${VALUE}'],
    ['meta.graphUrl', 'version: v26.0', 'graphUrl: ${VALUE}\n  version: v26.0'],
  ])('%s', (key, from, to) => {
    const text = with_(from, to);
    const found = problemsOf(text, withEnv({ VALUE: lineEnd, PASSWORD: 'p' }));
    expect(found).toEqual([expect.objectContaining({ key })]);
    expect(found[0]?.remedy).not.toBe('');
    expect(text.split('\n')[(found[0]?.line ?? 0) - 1]).toContain('${VALUE}');
    expect(JSON.stringify(found)).not.toContain('boss');
  });

  it('written with escapes as well', () => {
    const text = with_('  server: embedded', '  userAgent: "a\\r\\nb"\n  server: embedded');
    expect(problemsOf(text).map(({ key }) => key)).toEqual(['sip.userAgent']);
  });
});

describe('the host of a trunk', () => {
  const hostOf = (host: string): string => with_('    host: 192.0.2.20', `    host: "${host}"`);

  it.each([
    'pbx.example.org',
    'pbx',
    'pbx.example.org.',
    '192.0.2.20',
    '2001:db8::20',
    '[2001:db8::20]',
    '3cx.example',
  ])('may be %s', (host) => {
    expect(configOf(hostOf(host)).trunks['pbx']?.host).toBe(host);
  });

  it.each([
    'sip:pbx.example.org',
    'pbx.example.org:5060',
    'user@pbx.example.org',
    'pbx.example.org;transport=tcp',
    'pbx example',
    'my_pbx',
    '-pbx',
    'pbx..example.org',
    '192.0.2',
    '192.0.2.256',
    '1234',
    'fe80::1%eth0',
    '[192.0.2.20]',
    '2001:db8::20:zz',
    `${'a'.repeat(64)}.example`,
    'pbx\\r\\nVia: x',
  ])('may not be %s', (host) => {
    const [problem, ...more] = problemsOf(hostOf(host));
    expect(more).toEqual([]);
    expect(problem).toMatchObject({
      key: 'trunks.pbx.host',
      message: 'this is no host name or IP address.',
      remedy: expect.stringContaining('without scheme, user and port, such as pbx.example.org'),
    });
  });

  it('is told once when it is empty', () => {
    expect(problemsOf(hostOf(''))).toEqual([
      expect.objectContaining({ key: 'trunks.pbx.host', message: 'this is empty.' }),
    ]);
  });
});

it.each(['https://graph.facebook.com', 'http://127.0.0.1:8090', 'https://proxy.example/graph/'])(
  'takes %s as the address of Graph',
  (url) => {
    expect(configOf(with_('version: v26.0', `version: v26.0\n  graphUrl: ${url}`)).meta.graphUrl).toBe(url);
  },
);

it.each([
  'graph.facebook.com',
  'ftp://example.org',
  'https://',
  'https://a b',
  'https://u:p@a',
  'https://a/?q',
  'https://a:99999',
])('does not take %s as the address of Graph', (url) => {
  const [problem] = problemsOf(with_('version: v26.0', `version: v26.0\n  graphUrl: "${url}"`));
  expect(problem).toMatchObject({ key: 'meta.graphUrl', message: 'this is no web address.' });
});

it.each([
  ['acme', true],
  ['acme/2.1 gateway', true],
  ['acme (test)', false],
  ['acme;x', false],
  ['Zentrale für Anrufe', false],
])('User-Agent %s: %s', (userAgent, isTaken) => {
  const text = with_('  server: embedded', `  userAgent: ${userAgent}\n  server: embedded`);
  if (isTaken) expect(configOf(text).sip.userAgent).toBe(userAgent);
  else expect(problemsOf(text)).toEqual([expect.objectContaining({ key: 'sip.userAgent' })]);
});

it('tells a number that should be a text to be put into quotes', () => {
  expect(problemsOf(with_('"102030405060708"', '102030405060708'))).toMatchObject([
    { key: 'meta.pages[0].id', message: 'this must be a text.', remedy: 'Put it into quotes.' },
  ]);
  expect(problemsOf(with_('"102030405060708"', 'my-page'))).toMatchObject([
    { key: 'meta.pages[0].id', remedy: expect.stringContaining('"102030405060708"') },
  ]);
});

it('says what a name may be', () => {
  expect(problemsOf(with_('  pbx:', '  p b x:'))[0]).toMatchObject({
    key: 'trunks.p b x',
    message: 'this is no name.',
    remedy: 'Use letters, digits, - and _ only.',
  });
});

it('says what the group of a choice misses, and nothing of its other forms', () => {
  const of = (server: string) =>
    problemsOf(with_('server: embedded', `server: ${server}`)).map(({ key }) => key);
  expect(of('{ host: 127.0.0.1 }')).toEqual(['sip.server.secret']);
  expect(of('{ host: 127.0.0.1, secert: x }').sort()).toEqual(['sip.server.secert', 'sip.server.secret']);
  expect(of('elsewhere')).toEqual(['sip.server']);
});

it('fills in the default of a choice', () => {
  const text = with_('server: embedded', 'server: { host: 127.0.0.1, secret: "${META_APP_SECRET}" }');
  expect(configOf(text).sip.server).toEqual({ host: '127.0.0.1', port: 9022, secret: 's' });
});
