import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { unplayable } from '../../src/cli/check.ts';
import { loadConfig, type SecretSources } from '../../src/config/index.ts';
import { openDoors } from '../../src/config/open-doors.ts';
import { Authority } from '../sip-server/support/certificates.ts';
import { configOf, env, example } from './example.ts';
import { CALL_ROWS } from './table/call-rows.ts';
import { CROSS_ROWS } from './table/cross-rows.ts';
import { placeIn, type Row, textOf } from './table/row.ts';
import { TEXT_ROWS } from './table/text-rows.ts';
import { WARNING_ROWS } from './table/warning-rows.ts';

const ROWS = [...TEXT_ROWS, ...CROSS_ROWS, ...CALL_ROWS, ...WARNING_ROWS];

/** What `msgw check` says, of a file on a machine with these files. */
let files: Readonly<Record<string, string>> = {};
beforeAll(() => {
  const authority = new Authority();
  try {
    const own = authority.issue('DNS:sip.test');
    const other = authority.issue('DNS:other.test');
    files = {
      '/cert.pem': own.cert,
      '/key.pem': own.key,
      '/other.pem': other.key,
      '/text': 'no PEM',
      '/run/secrets/empty': '\n',
      '/run/secrets/open': 'token',
    };
  } finally {
    authority.close();
  }
});

const FILE = '/etc/msgw/gateway.yaml';

function check(row: Row) {
  const text = textOf(row);
  const sources: SecretSources = {
    env: { ...env, ...row.env },
    readFile: (path) => {
      const found = path === FILE ? text : files[path];
      if (found === undefined) throw new Error('ENOENT');
      return found;
    },
    folderProblem: (folder) => (folder === '/full' ? 'EACCES' : undefined),
    modeOf: (path) => (path.endsWith('/open') ? 0o100644 : 0o100600),
  };
  const loaded = loadConfig(FILE, sources);
  return { text, loaded, problems: loaded.ok ? unplayable(loaded) : loaded.error };
}

const name = ({ key, message }: Row): [string] => [`${key === '' ? 'the file' : key}: ${message}`];

it.each(ROWS.map((row): [string, Row] => [name(row)[0], row]))('%s', (_, row) => {
  const { text, loaded, problems } = check(row);
  const found = row.isWarning ? loaded.warnings : problems;
  const { key, message, remedy } = row;
  expect(found).toContainEqual({
    key,
    ...placeIn(text, row.at),
    message,
    remedy: expect.stringContaining(remedy),
  });
  if (row.isWarning) expect(problems).toEqual([]);
  // One fault is told once.
  expect(found.filter((each) => each.message === message && each.key === key)).toHaveLength(1);
});

it('a file that cannot be read is told of without a place', () => {
  const { warnings, ...rest } = loadConfig('/nowhere.yaml', {
    env,
    readFile: () => {
      throw new Error('ENOENT');
    },
  });
  expect([warnings, rest]).toMatchObject([
    [],
    {
      ok: false,
      error: [
        {
          key: '',
          line: 0,
          message: 'the file cannot be read (ENOENT).',
          remedy: expect.stringContaining('--config'),
        },
      ],
    },
  ]);
});

/** Messages that are not of a file's making, and are told of above or elsewhere. */
const ELSEWHERE = [
  'the file cannot be read (x).',
  openDoors(configOf(example), { NODE_TLS_REJECT_UNAUTHORIZED: '0' })[0]?.message ?? '',
  // Said to nobody.
  'a secret is not asked for.',
  // Group and others may write, but not read: file-mode.test.ts.
  'others can write the file x (mode 620).',
];

it('every message of the checks has its row', () => {
  const folder = new URL('../../src/config/', import.meta.url);
  const said = [...ROWS.map(({ message }) => message), ...ELSEWHERE];
  const missing = readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.startsWith('schema'))
    .flatMap((file) =>
      messagesOf(readFileSync(new URL(file, folder), 'utf8')).map((pattern) => ({ file, pattern })),
    )
    .filter(({ pattern }) => !said.some((message) => pattern.test(message)));
  expect(missing).toEqual([]);
});

/** The texts that a source gives to `message`, with anything in place of what is put into them. */
function messagesOf(source: string): RegExp[] {
  return [...source.matchAll(/\bmessage(?: =|:)\s/g)].flatMap(({ index }) => {
    const rest = source.slice(index);
    const chunk = rest.slice(0, /\bremedy\b|;\n/.exec(rest)?.index ?? rest.length);
    return [...chunk.matchAll(/'((?:[^'\\\n]|\\.)+)'|"((?:[^"\\\n]|\\.)+)"|`((?:[^`\\]|\\.)+)`/g)].map(
      ([, single, double, template]) => patternOf(single ?? double ?? template ?? ''),
    );
  });
}

const patternOf = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split(/\$\{[^}]*\}/)
      .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('.*')}$`,
    's',
  );

it('a message without a row would be found', () => {
  const [one, two] = messagesOf(
    "found.push({\n message: given ? 'a b' : `no ${x} is (c).`,\n remedy: 'r' });",
  );
  expect([one?.test('a b'), two?.test('no y is (c).'), two?.test('no y is c'), one?.test('r')]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
