import { describe, expect, it } from 'vitest';
import { openKeyFiles } from '../../src/config/file-mode.ts';
import { formatWarnings, type LoadedConfig, loadConfig, parseConfig } from '../../src/config/index.ts';
import { configOf, example, sources, with_ } from './example.ts';

const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

/** The file as it would be read on a machine whose files have that mode. */
const read = (text: string, mode: number | undefined): LoadedConfig =>
  loadConfig('/etc/msgw/gateway.yaml', {
    ...sources,
    readFile: (path) => (path === '/etc/msgw/gateway.yaml' ? text : sources.readFile(path)),
    modeOf: () => mode,
  });

describe('a secret in a file', () => {
  const text = with_('${META_PAGE_TOKEN}', 'file:/run/secrets/page');

  it.each([
    [0o100644, 'every user of this machine can read the file /run/secrets/page (mode 644).'],
    [0o100604, 'every user of this machine can read the file /run/secrets/page (mode 604).'],
    [0o100620, 'others can write the file /run/secrets/page (mode 620).'],
  ])('of mode %o is warned of, with its place and what to do', (mode, message) => {
    const loaded = read(text, mode);
    expect(loaded.ok).toBe(true);
    expect(loaded.warnings).toEqual([
      {
        key: 'meta.pages[0].accessToken',
        line: lineOf(text, 'accessToken'),
        column: 7,
        message,
        remedy: expect.stringContaining('chmod 600 /run/secrets/page'),
      },
    ]);
  });

  it.each([0o100600, 0o100400, 0o100640, undefined])('of mode %o is not', (mode) => {
    expect(read(text, mode).warnings).toEqual([]);
  });

  it('is no problem where permissions say nothing', () => {
    expect(parseConfig(text, sources).warnings).toEqual([]);
  });
});

describe('the configuration itself', () => {
  it('may be read by everybody, as it holds no secrets', () => {
    expect(read(example, 0o100644).warnings).toEqual([]);
  });

  it('with a secret in it may not', () => {
    const text = with_('${META_APP_SECRET}', 'abcdef');
    const { warnings } = read(text, 0o100644);
    expect(warnings).toMatchObject([
      {
        key: 'meta.apps[0].secret',
        line: lineOf(text, 'secret: abcdef'),
        message: 'every user of this machine can read the file /etc/msgw/gateway.yaml (mode 644).',
      },
    ]);
    expect(JSON.stringify(warnings)).not.toContain('abcdef');
    expect(read(text, 0o100600).warnings).toEqual([]);
  });

  it('that everybody may write is warned of', () => {
    const { warnings } = read(example, 0o100666);
    expect(formatWarnings('gateway.yaml', warnings)).toMatch(
      /^gateway\.yaml:\d+:1: warning: others can write the file \/etc\/msgw\/gateway\.yaml \(mode 666\)\. Remedy: /,
    );
    expect(read(example, 0o100664).warnings).toEqual([]);
  });
});

it('private keys of TLS are secrets in files, too', () => {
  const config = configOf(example);
  const { sip, admin } = config;
  const tls = (key: string) => ({ certificates: [{ cert: '/c.pem', key }] }) as never;
  const withKeys = {
    ...config,
    sip: {
      ...sip,
      listen: [
        ...sip.listen,
        { protocol: 'tls' as const, address: '192.0.2.10', port: 5061, tls: tls('/a.pem') },
      ],
    },
    admin: { ...admin, tls: { cert: '/c.pem', key: '/b.pem' } },
  };
  const modes: Record<string, number> = { '/a.pem': 0o644, '/b.pem': 0o640, '/c.pem': 0o644 };
  const found = openKeyFiles(withKeys, (path) => modes[path]);
  expect(found).toMatchObject([{ path: ['sip', 'listen', 1, 'tls', 'certificates', 0, 'key'] }]);
  modes['/b.pem'] = 0o606;
  expect(openKeyFiles(withKeys, (path) => modes[path]).map(({ path }) => path.join('.'))).toEqual([
    'sip.listen.1.tls.certificates.0.key',
    'admin.tls.key',
  ]);
  const missing = (): number => {
    throw new Error('ENOENT');
  };
  expect(openKeyFiles(withKeys, missing)).toEqual([]);
});
