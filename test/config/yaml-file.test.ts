import { describe, expect, it } from 'vitest';
import { configOf, example, problemsOf, with_ } from './example.ts';

const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

describe('aliases', () => {
  it('stand for what they name', () => {
    const text = with_('address: 192.0.2.10 # this', 'address: &here 192.0.2.10 # this').replace(
      '{ protocol: udp, address: 192.0.2.10, port: 5060 }',
      '{ protocol: udp, address: *here, port: 5060 }',
    );
    expect(configOf(text).sip.listen).toEqual([{ protocol: 'udp', address: '192.0.2.10', port: 5060 }]);
  });

  it('may stand for a group, whose problems are told where it is used', () => {
    const text = with_(
      '- { trunk: pbx, user: "100" } # then the front desk',
      '- &desk { trunk: pbx, user: "100" }\n      - *desk\n      - *desk',
    );
    expect(configOf(text).routes['support']?.targets).toHaveLength(4);
    const wrong = text.replace('trunk: pbx, user: "100"', 'trunk: pxb, user: "100"');
    expect(problemsOf(wrong).map(({ key, line }) => [key, line])).toEqual(
      [0, 1, 2].map((i) => [`routes.support.targets[${i + 1}].trunk`, lineOf(wrong, '- &desk') + i]),
    );
  });

  it.each([
    ['of nothing', 'level: *loud', /stands for nothing: no &loud/],
    ['of what holds them', 'level: &loud [*loud]', /something that holds it/],
  ])('%s are told with their line', (_name, to, message) => {
    const text = with_('level: info', to);
    expect(problemsOf(text)).toEqual([
      expect.objectContaining({
        line: lineOf(text, to),
        message: expect.stringMatching(message),
        remedy: 'Write the value out where it is used.',
      }),
    ]);
  });

  it('that would make a giant of a small file are told', () => {
    const levels = 'abcdefghi'.split('');
    const bomb = levels.map((name, i) => {
      const item = i === 0 ? 'lol' : `*${levels[i - 1]}`;
      return `${name}: &${name} [${Array(9).fill(item).join(', ')}]`;
    });
    expect(problemsOf(bomb.join('\n'))[0]?.message).toMatch(/far too many aliases/);
  });
});

it.each<[string, string, RegExp, RegExp]>([
  ['a second document', `${example}\n---\nlog: {}\n`, /second document/, /Remove the line/],
  ['a tag', with_('level: info', 'level: !env LEVEL'), /tag/, /\$\{NAME\}/],
  ['a group as a key', with_('level: info', '{ a: b }: info'), /cannot be a key/, /name of a key/],
  ['a tab as indentation', with_('  level: info', '\tlevel: info'), /tab/, /with spaces/],
])('%s is told with its remedy', (_name, text, message, remedy) => {
  const [problem] = problemsOf(text);
  expect(problem?.message).toMatch(message);
  expect(problem?.remedy).toMatch(remedy);
  expect(problem?.line).toBeGreaterThan(1);
});

it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('knows no key %s', (key) => {
  const text = `${example}\n${key}:\n  level: debug\n`;
  expect(problemsOf(text).map((problem) => problem.key)).toEqual([key]);
});
