import { Ajv } from 'ajv';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { configJsonSchema } from '../../src/config/index.ts';
import { configOf, example, problemsOf, sources, with_, withEnv } from './example.ts';

it.each(['192.0.2.${LAST}', '${HOST', '${HOST}.example', '${1HOST}', '${}', '${A-B}', '$${HOST}'])(
  'tells that %s is not taken from the environment',
  (written) => {
    const text = with_('    host: 192.0.2.20', `    host: "${written}"`);
    expect(problemsOf(text, withEnv({ LAST: '20', HOST: 'pbx' }))).toMatchObject([
      {
        key: 'trunks.pbx.host',
        line: text.slice(0, text.indexOf(written)).split('\n').length,
        message: '${NAME} must be the whole value, and NAME letters, digits and _.',
        remedy: 'Put the whole value into one environment variable.',
      },
    ]);
  },
);

it('tells no more of a value that is not there than that', () => {
  const text = with_('    host: 192.0.2.20', '    host: ${PBX_HOST}');
  expect(problemsOf(text)).toMatchObject([
    { key: 'trunks.pbx.host', remedy: expect.stringMatching(/PBX_HOST/) },
  ]);
  expect(problemsOf(text, withEnv({ PBX_HOST: '' }))).toMatchObject([
    { message: expect.stringMatching(/PBX_HOST is empty/) },
  ]);
  expect(configOf(text, withEnv({ PBX_HOST: 'pbx.example' })).trunks['pbx']?.host).toBe('pbx.example');
});

const told = (text: string, from = sources): string[] =>
  problemsOf(text, from).map(({ key, message }) => `${key}: ${message}`);
const unset = (key: string, name: string): string => `${key}: the environment variable ${name} is not set.`;

it('tells of secrets that are not set and of what is wrong beside them', () => {
  const text = with_('route: support', 'route: suport').replace('app: "1234567890"', 'app: "123456789"');
  expect(told(text, { ...sources, env: {} })).toEqual([
    unset('meta.apps[0].secret', 'META_APP_SECRET'),
    unset('meta.apps[0].verifyToken', 'META_VERIFY_TOKEN'),
    unset('meta.pages[0].accessToken', 'META_PAGE_TOKEN'),
    'meta.pages[0].app: meta.apps has no "123456789".',
    'meta.pages[0].route: routes has no "suport".',
  ]);
});

it.each([
  ['a name', 'route: support', 'route: ${X}', 'meta.pages[0].route'],
  ['what a name would be found among', 'id: "1234567890"', 'id: ${X}', 'meta.apps[0].id'],
  ['a folder', 'http:', 'recording: { directory: "${X}" }\nhttp:', 'recording.directory'],
])('tells of %s that is not there once, and nothing that follows from it', (_, from, to, key) => {
  const noFolder = {
    ...sources,
    folderProblem: (path: string) => (path.includes('$') ? 'ENOENT' : undefined),
  };
  expect(told(with_(from, to), noFolder)).toEqual([unset(key, 'X')]);
});

it('takes numbers and truths from the environment, and tells when they are none', () => {
  const text = with_('maxCalls: 100', 'maxCalls: ${MAX_CALLS}').replace(
    'version: v26.0',
    'version: v26.0\n  sendAppSecretProof: ${PROOF}',
  );
  const config = configOf(text, withEnv({ MAX_CALLS: '40', PROOF: 'false' }));
  expect(config.limits.maxCalls).toBe(40);
  expect(config.meta.sendAppSecretProof).toBe(false);
  expect(problemsOf(text, withEnv({ MAX_CALLS: '4O', PROOF: 'no' }))).toMatchObject([
    { key: 'meta.sendAppSecretProof', message: 'this must be true or false.' },
    { key: 'limits.maxCalls', message: 'this must be a whole number.' },
  ]);
});

it.each(['constructor', '__proto__'])('the environment has no variable %s of its own', (name) => {
  expect(problemsOf(with_('level: info', `level: \${${name}}`))).toMatchObject([
    { key: 'log.level', message: `the environment variable ${name} is not set.` },
  ]);
});

it.each([' s', 's ', 's\n', 's\r\nt'])('a secret is not %j', (secret) => {
  const found = problemsOf(example, withEnv({ META_APP_SECRET: secret }));
  expect(found).toMatchObject([
    { key: 'meta.apps[0].secret', message: expect.stringMatching(/white space|several lines/) },
  ]);
});

it('a file with a secret may end with a line end, and with nothing else', () => {
  const text = with_('${META_APP_SECRET}', 'file:/secret');
  const from = (content: string) => ({ ...sources, readFile: () => content });
  expect(configOf(text, from('s\r\n')).meta.apps[0]?.secret).toBe('s');
  expect(problemsOf(text, from('\n'))).toMatchObject([{ message: 'the file /secret is empty.' }]);
  expect(problemsOf(text, from('s \n'))).toMatchObject([{ key: 'meta.apps[0].secret' }]);
});

it('no problem repeats a secret', () => {
  const text = with_('secret: ${META_APP_SECRET}', 'secret: hunter2');
  expect(JSON.stringify(problemsOf(text))).not.toContain('hunter2');
});

it('editors are told that what has a form may come from the environment', () => {
  const isRight = new Ajv({ strict: false, validateFormats: false }).compile(
    JSON.parse(configJsonSchema()) as object,
  );
  expect(isRight(parse(example))).toBe(true);
  const text = with_('maxCalls: 100', 'maxCalls: ${MAX_CALLS}').replace('level: info', 'level: ${LEVEL}');
  expect(isRight(parse(text))).toBe(true);
  expect(isRight(parse(with_('maxCalls: 100', 'maxCalls: many')))).toBe(false);
});
