import { expect, it } from 'vitest';
import { openHours } from '../../src/cli/open-hours.ts';
import { metaWorld } from './support/meta-world.ts';

it('shows the settings, writes them and reads them back', async () => {
  const world = await metaWorld();
  expect(await world.json('settings', 'get')).toMatchObject({
    code: 0,
    settings: { audioEnabled: true, ringTarget: 'PARTNERS' },
  });
  expect(await world.json('settings', 'set', '--icon', 'off', '--video', 'off')).toMatchObject({
    code: 0,
    verified: true,
    settings: { audioEnabled: true, iconEnabled: false },
  });
  expect(world.simulator.page.settings).toMatchObject({ icon_enabled: false, audio_enabled: true });
  expect(await world.json('settings', 'routing', 'meta')).toMatchObject({ code: 0 });
  expect(world.simulator.page.settings.ring_target).toBe('META');
  const { out } = await world.run('settings', 'get');
  expect(out).toMatch(/icon +off\n/);
  expect(out).toMatch(/routing +META\n/);
});

it('writes the hours of the week', async () => {
  const world = await metaWorld();
  const hours = ['settings', 'hours', '--timezone', 'Africa/Nairobi', '--open', 'MON-FRI=0800-1730'];
  expect(await world.json(...hours, '--open', 'sat=09:00-12:00')).toMatchObject({ code: 0, verified: true });
  const { call_hours } = world.simulator.page.settings;
  expect(call_hours?.timezone_id).toBe('Africa/Nairobi');
  expect(call_hours?.weekly_operating_hours).toHaveLength(6);
  expect(call_hours?.weekly_operating_hours.at(-1)).toEqual({
    day_of_week: 'SATURDAY',
    open_time: '0900',
    close_time: '1200',
  });
});

it.each([
  [['settings', 'set'], 'settings', 'Name at least one setting.'],
  [
    ['settings', 'hours', '--timezone', 'Nairobi', '--open', 'MON=0800-1700'],
    'call_hours.timezone_id',
    'IANA',
  ],
  [
    ['settings', 'hours', '--timezone', 'Africa/Nairobi', '--open', 'MON=2200-0600'],
    'call_hours.0',
    'midnight',
  ],
  [
    ['settings', 'hours', '--timezone', 'Africa/Nairobi', '--open', 'XYZ=0800-1700'],
    '--open',
    'MON-FRI=0800-1730',
  ],
])('refuses %j before anything is sent, with exit code 2', async (args, field, remedy) => {
  const world = await metaWorld();
  expect(await world.json(...args)).toMatchObject({
    code: 2,
    problems: [{ field, remedy: expect.stringContaining(remedy) }],
  });
  expect(world.simulator.requests).toEqual([]);
});

it('PARTNERS without a subscription is refused by Meta: exit code 1', async () => {
  const world = await metaWorld();
  world.simulator.page.settings = { ...world.simulator.page.settings, ring_target: 'META' };
  world.simulator.page.subscribed = [];
  expect(await world.json('settings', 'routing', 'PARTNERS')).toMatchObject({
    code: 1,
    problems: [{ field: 'graph', code: 100 }],
  });
});

it('spells days in ranges, over the end of the week too', () => {
  expect(openHours(['SAT-MON=0000-2359'])).toMatchObject({
    ok: true,
    value: [{ day: 'SATURDAY' }, { day: 'SUNDAY' }, { day: 'MONDAY' }],
  });
  expect(openHours(['MON=800-1700'])).toMatchObject({ ok: false });
  expect(openHours(['MO=0800-1700'])).toMatchObject({ ok: false });
});
