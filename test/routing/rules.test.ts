import { describe, expect, it } from 'vitest';
import {
  asksLanguage,
  chooseRoute,
  type RouteFacts,
  type RoutingRule,
  type RuleCondition,
} from '../../src/routing/index.ts';

const schedules = {
  office: {
    zone: 'Europe/Berlin',
    hours: [{ days: ['thu'], from: '09:00', to: '17:30' } as const],
  },
};
const NOON = Date.parse('2026-12-24T11:00:00Z');

interface Known {
  readonly platform?: 'messenger' | 'whatsapp';
  readonly atMs?: number;
  readonly caller?: Partial<RouteFacts['caller']>;
  readonly load?: Partial<RouteFacts['load']>;
}

const facts = ({ caller, load, ...more }: Known = {}): RouteFacts => ({
  pageId: '102',
  platform: 'messenger',
  atMs: NOON,
  ...more,
  caller: { psid: '765', known: false, ...caller },
  load: { calls: 40, maxCalls: 200, isFree: (trunk) => trunk !== 'full', ...load },
});

/** What keeps one condition from holding; undefined: it holds. */
const objection = (when: RuleCondition, known: Known = {}): string | undefined => {
  const choice = chooseRoute([{ when, route: 'x' }], facts(known), schedules, 'own');
  expect(choice.wanted.route).toBe(choice.rule === undefined ? 'own' : 'x');
  return choice.why[0]?.because;
};

describe('a condition on', () => {
  it.each<[string, RuleCondition, Known, RegExp | undefined]>([
    ['nothing', {}, {}, undefined],
    ['the Page', { pages: ['101', '102'] }, {}, undefined],
    ['another Page', { pages: ['101', '103'] }, {}, /^it is for 101, 103, not 102$/],
    ['the platform', { platform: 'messenger' }, {}, undefined],
    ['another platform', { platform: 'whatsapp' }, {}, /^it is for whatsapp, not messenger$/],
    ['open hours', { open: 'office' }, {}, undefined],
    [
      'open hours, later',
      { open: 'office' },
      { atMs: NOON + 8 * 3_600_000 },
      /^office is closed: thu 2026-12-24 20:00/,
    ],
    ['closed hours', { closed: 'office' }, {}, /^office is open: thu 2026-12-24 12:00/],
    ['closed hours, later', { closed: 'office' }, { atMs: NOON + 8 * 3_600_000 }, undefined],
    ['a schedule that is missing', { closed: 'constructor' }, {}, /^there is no schedule constructor$/],
    ['a known caller', { caller: { known: true } }, { caller: { known: true } }, undefined],
    ['a known caller who is not', { caller: { known: true } }, {}, /^it is for known callers/],
    [
      'an unknown caller who is known',
      { caller: { known: false } },
      { caller: { known: true } },
      /^it is for unknown callers/,
    ],
    ['the caller', { caller: { psids: ['1', '765'] } }, {}, undefined],
    ['another caller', { caller: { psids: ['1'] } }, {}, /^765 is not among its callers$/],
    ['a short number', { caller: { aliases: ['7*'] } }, { caller: { alias: '7001' } }, undefined],
    [
      'another short number',
      { caller: { aliases: ['7?', '80*'] } },
      { caller: { alias: '7001' } },
      /7\?, 80\*, not 7001$/,
    ],
    ['a short number of nobody', { caller: { aliases: ['*'] } }, {}, /the caller has none$/],
    ['a language', { caller: { languages: ['fr', 'de'] } }, { caller: { language: 'de_DE' } }, undefined],
    [
      'a language with its region',
      { caller: { languages: ['pt-BR'] } },
      { caller: { language: 'pt_BR' } },
      undefined,
    ],
    [
      'a language of another region',
      { caller: { languages: ['pt-BR'] } },
      { caller: { language: 'pt_PT' } },
      /not pt_PT$/,
    ],
    [
      'a language that begins alike',
      { caller: { languages: ['e'] } },
      { caller: { language: 'en_US' } },
      /not en_US$/,
    ],
    ['a language that nobody knows', { caller: { languages: ['de'] } }, {}, /language is not known$/],
    ['calls', { load: { calls: 40 } }, {}, undefined],
    ['more calls', { load: { calls: 41 } }, {}, /^it is for 41 calls and more, and 40 are up$/],
    ['load', { load: { percent: 20 } }, {}, undefined],
    ['more load', { load: { percent: 21 } }, {}, /40 calls of 200 are 20 %$/],
    ['a trunk that is full', { load: { trunk: 'full' } }, {}, undefined],
    ['a trunk that is free', { load: { trunk: 'pbx' } }, {}, /^trunk pbx takes calls$/],
  ])('%s', (_, when, known, because) => {
    const found = objection(when, known);
    if (because) expect(found).toMatch(because);
    else expect(found).toBeUndefined();
  });

  it('several things wants all of them', () => {
    const when: RuleCondition = {
      pages: ['102'],
      open: 'office',
      caller: { known: true, languages: ['de'] },
    };
    expect(objection(when, { caller: { known: true, language: 'de' } })).toBeUndefined();
    expect(objection(when, { caller: { known: true, language: 'fr' } })).toBeDefined();
    expect(objection(when, { caller: { known: false, language: 'de' } })).toBeDefined();
  });
});

describe('the rules', () => {
  const rules: RoutingRule[] = [
    { name: 'vip', when: { caller: { psids: ['1'] } }, route: 'boss' },
    { when: { closed: 'office' }, announce: 'closed' },
    { name: 'all', when: {}, reject: true },
    { when: {}, route: 'never' },
  ];

  it('the first that fits counts, and those before it say why they do not', () => {
    expect(chooseRoute(rules, facts(), schedules, 'own')).toEqual({
      rule: 'all',
      wanted: rules[2],
      why: [
        { rule: 'vip', because: '765 is not among its callers' },
        {
          rule: '#2',
          because: 'office is open: thu 2026-12-24 12:00 in Europe/Berlin is inside 09:00 to 17:30',
        },
      ],
    });
    expect(chooseRoute(rules, facts({ caller: { psid: '1' } }), schedules, 'own')).toMatchObject({
      rule: 'vip',
      why: [],
    });
  });

  it("none fits: the Page's own route", () => {
    expect(chooseRoute(rules.slice(0, 2), facts(), schedules, 'own')).toMatchObject({
      wanted: { route: 'own' },
    });
    expect(chooseRoute([], facts(), schedules, 'own')).toEqual({ wanted: { route: 'own' }, why: [] });
  });

  it('tell whether the language is worth a look-up', () => {
    expect(asksLanguage(rules)).toBe(false);
    expect(asksLanguage([{ when: { caller: { languages: ['de'] } }, route: 'x' }])).toBe(true);
  });
});
