import { describe, expect, it } from 'vitest';
import { formatProblems, parseConfig } from '../../src/config/index.ts';
import { example, problemsOf, sources, with_ } from './example.ts';

it('takes the example, with defaults filled in and secrets from the environment', () => {
  const parsed = parseConfig(example, sources);
  if (!parsed.ok) throw new Error(formatProblems('example.yaml', parsed.error));
  expect(parsed.value.meta.apps[0]?.secret).toBe('s');
  expect(parsed.value.meta.graphUrl).toBe('https://graph.facebook.com');
  expect(parsed.value.trunks['pbx']).toMatchObject({ dtmf: 'auto', ptimeMs: 20 });
  expect(parsed.value.webrtc.setupTimeoutMs).toBe(15_000);
});

it('takes secrets from files', () => {
  const parsed = parseConfig(with_('${META_PAGE_TOKEN}', 'file:/run/secrets/page'), sources);
  expect(parsed.ok && parsed.value.meta.pages[0]?.accessToken).toBe('from-a-file');
});

describe('names the key, the line and the remedy of', () => {
  const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

  it.each<[string, string | RegExp, string, string, RegExp]>([
    [
      'an unknown key',
      'mediaTimeoutMs',
      'mediaTimoutMs',
      'rtp.mediaTimoutMs',
      /Did you mean "mediaTimeoutMs"/,
    ],
    ['an unknown section', /^limits:/m, 'limit:', 'limit', /Did you mean "limits"/],
    [
      'a text for a number',
      'ringBudgetMs: 45000',
      'ringBudgetMs: soon',
      'routes.support.ringBudgetMs',
      /whole number/,
    ],
    [
      'a number out of range',
      'ringBudgetMs: 45000',
      'ringBudgetMs: 99000',
      'routes.support.ringBudgetMs',
      /at most 54000/,
    ],
    ['a wrong choice', 'level: info', 'level: loud', 'log.level', /debug, info, warn/],
    [
      'an address that is none',
      'address: 192.0.2.10 # this',
      'address: pbx # this',
      'rtp.address',
      /IP address/,
    ],
    [
      'a codec that is none',
      '[G722, PCMU, PCMA]',
      '[G722, G729]',
      'trunks.pbx.codecs[1]',
      /PCMU, PCMA, G722, opus/,
    ],
    [
      'a route that is none',
      'route: support',
      'route: suport',
      'meta.pages[0].route',
      /Did you mean "support"/,
    ],
    [
      'a trunk that is none',
      /trunk: pbx, user: "100"/,
      'trunk: pxb, user: "100"',
      'routes.support.targets[1].trunk',
      /Did you mean "pbx"/,
    ],
    ['an app that is none', 'app: "1234567890"', 'app: "1"', 'meta.pages[0].app', /Use one of|Did you mean/],
    [
      'a target without a user',
      '{ trunk: pbx, user: "100" }',
      '{ trunk: pbx }',
      'routes.support.targets[1]',
      /Add user/,
    ],
    ['a secret in the file', '${META_APP_SECRET}', 'abcdef', 'meta.apps[0].secret', /environment/],
    [
      'a variable that is not set',
      '${META_APP_SECRET}',
      '${NO_SUCH_SECRET}',
      'meta.apps[0].secret',
      /Set NO_SUCH_SECRET/,
    ],
    [
      'a file that is not there',
      '${META_APP_SECRET}',
      'file:/nowhere',
      'meta.apps[0].secret',
      /path and permissions/,
    ],
    ['ports that end before they begin', 'portMax: 34999', 'portMax: 20000', 'rtp.portMax', /portMax larger/],
    [
      'an address range that is none',
      'allow: [192.0.2.20]',
      'allow: [192.0.2.0/40]',
      'sip.allow[0]',
      /192.0.2.0\/24/,
    ],
  ])('%s', (_name, from, to, key, remedy) => {
    const text = with_(from, to);
    const problems = problemsOf(text);
    const problem = problems.find((candidate) => candidate.key === key);
    expect(problems.map((candidate) => candidate.key)).toContain(key);
    expect(`${problem?.message} ${problem?.remedy}`).toMatch(remedy);
    const written =
      key
        .replace(/\[\d+\]$/, '')
        .split('.')
        .at(-1)
        ?.replace(/\[\d+\]$/, '') ?? '';
    expect(problem?.line).toBeGreaterThan(0);
    expect(text.split('\n')[(problem?.line ?? 1) - 1]).toMatch(new RegExp(`${written}|trunk|G729|192`));
  });

  it('a key that is missing, at its parent', () => {
    const text = with_(/ +accessToken:.*\n/, '');
    expect(problemsOf(text)).toMatchObject([
      { key: 'meta.pages[0].accessToken', line: lineOf(text, '- id: "102030405060708"') },
    ]);
  });

  it('several at once, in the order of the file', () => {
    const text = with_('version: v26.0', 'version: newest')
      .replace('level: info', 'level: loud')
      .replace('8080', 'eighty');
    const problems = problemsOf(text);
    expect(problems.map(({ key }) => key)).toEqual(['meta.version', 'http.listen.port', 'log.level']);
    expect(formatProblems('gateway.yaml', problems).split('\n')[0]).toMatch(
      /^gateway\.yaml:\d+:\d+: meta\.version: .* Remedy: /,
    );
  });

  it('what is no YAML, and keys that are there twice', () => {
    expect(problemsOf('meta: [')[0]).toMatchObject({ line: 1 });
    expect(problemsOf(`${example}\nlog:\n  level: info\n`)[0]?.message).toMatch(/unique|twice|duplicate/i);
    expect(problemsOf('').length).toBeGreaterThan(0);
    expect(problemsOf('just text').length).toBeGreaterThan(0);
  });
});
