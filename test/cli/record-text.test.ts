import { expect, it } from 'vitest';
import { recordText } from '../../src/cli/demo/record-text.ts';

it('a record has a line for each field and each group, and none is wider than a terminal', () => {
  const counts = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`counted${i}`, 1_000 + i]));
  const lines = recordText({
    callId: 'c_1',
    answered: true,
    trunk: undefined,
    milestones: { webhook: 1, ended: 2 },
    media: { phone: { codec: 'opus', dropped: { late: 0 }, ...counts } },
    attempts: [{ target: 'pbx/600', sip: 200 }],
    oneWay: [],
  });
  expect(lines).toEqual([
    'callId               c_1',
    'answered             true',
    'milestones           webhook 1, ended 2',
    'media.phone          codec opus, counted0 1000, counted1 1001, counted2 1002, counted3 1003,',
    '                     counted4 1004, counted5 1005, counted6 1006, counted7 1007, counted8 1008,',
    '                     counted9 1009, counted10 1010, counted11 1011',
    'media.phone.dropped  late 0',
    'attempts             {"target":"pbx/600","sip":200}',
    'oneWay               none',
  ]);
});
