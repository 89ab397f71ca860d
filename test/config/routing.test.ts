import { describe, expect, it } from 'vitest';
import { configWarnings, type GatewayConfig } from '../../src/config/index.ts';
import { configOf, example, problemsOf } from './example.ts';

const SCHEDULES = `
schedules:
  office:
    zone: Europe/Berlin
    hours: [{ days: [mon, fri], from: "09:00", to: "17:30" }]
`;
const SOUNDS = `
sounds:
  files: { closed: /x/closed.wav }
`;
const rules = (...lines: string[]): string =>
  `${example}${SCHEDULES}${SOUNDS}\nrouting:\n  rules:\n${lines.map((line) => `    - ${line}\n`).join('')}`;
const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

describe('routing rules', () => {
  it('are taken', () => {
    const config = configOf(
      rules(
        '{ name: night, when: { closed: office }, announce: closed }',
        '{ when: { load: { trunk: pbx } }, announce: busy-tone }',
        '{ when: { caller: { known: false, languages: [de, pt-BR] } }, reject: true }',
        '{ route: support }',
      ),
    );
    expect(config.routing.rules.map(({ when }) => when)).toEqual([
      { closed: 'office' },
      { load: { trunk: 'pbx' } },
      { caller: { known: false, languages: ['de', 'pt-BR'] } },
      {},
    ]);
    expect(config.schedules['office']?.holidays).toEqual([]);
  });

  it.each([
    ['{ when: { closed: offise }, route: support }', 'routing.rules[0].when.closed', /Did you mean "office"/],
    ['{ when: { open: night }, route: support }', 'routing.rules[0].when.open', /office/],
    ['{ route: suport }', 'routing.rules[0].route', /Did you mean "support"/],
    ['{ announce: close }', 'routing.rules[0].announce', /Did you mean "closed"/],
    [
      '{ when: { load: { trunk: pxb } }, reject: true }',
      'routing.rules[0].when.load.trunk',
      /Did you mean "pbx"/,
    ],
    ['{ when: { pages: ["1"] }, reject: true }', 'routing.rules[0].when.pages[0]', /102030405060708/],
    ['{ name: nothing }', 'routing.rules[0]', /route, announce, reject/],
    ['{ route: support, reject: true }', 'routing.rules[0]', /one of: route/],
    ['{ when: { clsed: office }, route: support }', 'routing.rules[0].when.clsed', /Did you mean "closed"/],
  ])('%s is told with its line', (rule, key, remedy) => {
    const text = rules(rule);
    expect(problemsOf(text)).toMatchObject([
      { key, line: lineOf(text, rule), remedy: expect.stringMatching(remedy) },
    ]);
  });
});

describe('schedules', () => {
  const schedule = (zone: string, from: string, to: string, holidays = '[]'): string =>
    `${example}\nschedules:\n  s: { zone: ${zone}, hours: [{ days: [mon], from: "${from}", to: "${to}" }], holidays: ${holidays} }\n`;

  it('may be of whole days, over midnight, and have holidays in every form', () => {
    configOf(schedule('UTC', '00:00', '24:00', '["02-29", "2028-02-29", "2026-12-24/2026-12-27"]'));
    configOf(
      schedule('America/Argentina/Buenos_Aires', '22:00', '02:00', '["2026-12-24T14:00/2026-12-27T08:00"]'),
    );
  });

  it.each([
    [schedule('Europe/Berln', '09:00', '17:00'), 'schedules.s.zone'],
    [schedule('UTC', '9:00', '17:00'), 'schedules.s.hours[0].from'],
    [schedule('UTC', '09:00', '25:00'), 'schedules.s.hours[0].to'],
    [schedule('UTC', '09:00', '09:00'), 'schedules.s.hours[0].from'],
    [schedule('UTC', '24:00', '09:00'), 'schedules.s.hours[0].from'],
    [schedule('UTC', '09:00', '17:00', '["2027-02-29"]'), 'schedules.s.holidays[0]'],
    [schedule('UTC', '09:00', '17:00', '["13-01"]'), 'schedules.s.holidays[0]'],
    [schedule('UTC', '09:00', '17:00', '["2026-12-27/2026-12-24"]'), 'schedules.s.holidays[0]'],
    [schedule('UTC', '09:00', '17:00', '["2026-12-24T14:00"]'), 'schedules.s.holidays[0]'],
  ])('%#: tells %s', (text, key) => {
    expect(problemsOf(text)).toMatchObject([{ key, remedy: expect.stringMatching(/./) }]);
  });
});

describe('what follows a route', () => {
  const routes = (extra: string): string =>
    example.replace('    ringBudgetMs: 45000', `${extra}\n    ringBudgetMs: 45000`) + SOUNDS;

  it('has names that exist, and no way back', () => {
    configOf(routes('    onBusy: { announce: closed }\n    onFailed: { reject: true }'));
    expect(problemsOf(routes('    onBusy: { announce: opened }'))).toMatchObject([
      { key: 'routes.support.onBusy.announce' },
    ]);
    expect(problemsOf(routes('    onNoAnswer: { route: support }'))).toMatchObject([
      { key: 'routes.support.onNoAnswer.route', message: expect.stringContaining('support, support') },
    ]);
    expect(problemsOf(routes('    onFailed: {}'))).toMatchObject([{ key: 'routes.support.onFailed' }]);
  });
});

describe('warnings', () => {
  const keys = (config: GatewayConfig): readonly string[] => configWarnings(config).map(({ key }) => key);

  it('name rules that no call reaches', () => {
    const config = configOf(
      rules(
        '{ when: { closed: office }, reject: true }',
        '{ when: { closed: office, caller: { known: true } }, route: support }',
        '{ when: { open: office, load: { calls: 10 } }, reject: true }',
        '{ when: { open: office, load: { calls: 20 } }, route: support }',
        '{ when: { open: office, load: { calls: 5 } }, route: support }',
        '{ when: { platform: whatsapp, pages: ["102030405060708"] }, route: support }',
        '{ when: { platform: whatsapp, caller: { languages: [de] } }, route: support }',
      ),
    );
    expect(keys(config)).toEqual([
      'routing.rules[1]',
      'routing.rules[3]',
      'routing.rules[5]',
      'routing.rules[6]',
    ]);
  });

  it('name targets from where a call may reach the PSTN', () => {
    expect(
      keys(configOf(example.replace('    port: 5060\n', '    port: 5060\n    voipOnly: false\n'))),
    ).toEqual(['routes.support.targets[0]', 'routes.support.targets[1]']);
    expect(keys(configOf(example.replace('user: "100"', 'user: "+4930123456"')))).toEqual([
      'routes.support.targets[1]',
    ]);
  });
});
