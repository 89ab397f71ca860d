import { expect, it } from 'vitest';
import { metaWorld } from './support/meta-world.ts';

const world = () =>
  metaWorld({
    more: () => ({
      schedules: {
        office: { zone: 'Europe/Berlin', hours: [{ days: ['thu'], from: '09:00', to: '17:30' }] },
      },
      routing: {
        rules: [
          { name: 'vip', when: { caller: { psids: ['42'] } }, announce: 'congestion-tone' },
          { name: 'night', when: { closed: 'office' }, announce: 'busy-tone' },
          { name: 'full', when: { load: { calls: 10 } }, reject: true },
        ],
      },
    }),
  });

it('says which rule fits, and why none before it', async () => {
  const { json } = await world();
  expect(await json('route', 'test', '--at', '2026-12-24T18:30')).toMatchObject({
    code: 0,
    at: '2026-12-24T17:30:00.000Z',
    rule: 'night',
    result: 'announce:busy-tone',
    why: [{ rule: 'vip', because: 'nobody is not among its callers' }],
    treatment: { kind: 'announce', sound: 'busy-tone' },
  });
  expect(await json('route', 'test', '--at', '2026-12-24T12:00')).toMatchObject({
    code: 0,
    why: [{ rule: 'vip' }, { rule: 'night' }, { because: 'it is for 10 calls and more, and 0 are up' }],
    treatment: { kind: 'ring', targets: [{ uri: expect.stringMatching(/^sip:/) }] },
  });
  expect(await json('route', 'test', '--caller', '42')).toMatchObject({ rule: 'vip', why: [] });
  expect(await json('route', 'test', '--at', '2026-12-24T11:00Z', '--load', '10')).toMatchObject({
    rule: 'full',
    result: 'reject',
  });
});

it('tells what is not as expected, and what was asked wrongly', async () => {
  const { json } = await world();
  const at = ['--at', '2026-12-24T18:30'];
  expect(await json('route', 'test', ...at, '--expect', 'announce:busy-tone')).toMatchObject({ code: 0 });
  expect(await json('route', 'test', ...at, '--expect', 'reject')).toMatchObject({
    code: 1,
    problems: [{ field: '--expect' }],
  });
  for (const [flag, value] of [
    ['--at', '2026-03-29T02:30'],
    ['--at', 'noon'],
    ['--zone', 'Europe/Berln'],
    ['--page', '1'],
    ['--busy-trunk', 'nowhere'],
  ] as const)
    expect(await json('route', 'test', flag, value), value).toMatchObject({
      code: 2,
      problems: [{ field: flag, remedy: expect.stringMatching(/./) }],
    });
});
