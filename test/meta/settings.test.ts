import { describe, expect, it } from 'vitest';
import { DAYS } from '../../src/meta/index.ts';
import { settingsRequest } from '../../src/meta/settings-check.ts';
import { clientOf, PAGE } from './graph-client.ts';
import { graphError, graphServer } from './graph-server.ts';

const HOURS = {
  timezone_id: 'Africa/Nairobi',
  weekly_operating_hours: [
    { day_of_week: 'MONDAY', open_time: '0800', close_time: '1730' },
    { day_of_week: 'TUESDAY', open_time: '0900', close_time: '1700' },
  ],
};
const ROW = {
  audio_enabled: true,
  icon_enabled: true,
  video_enabled: false,
  call_routing: { ring_target: 'PARTNERS' },
  call_hours: HOURS,
};
const READ = {
  audioEnabled: true,
  iconEnabled: true,
  videoEnabled: false,
  ringTarget: 'PARTNERS',
  callHours: {
    timezoneId: 'Africa/Nairobi',
    weekly: [
      { day: 'MONDAY', open: '0800', close: '1730' },
      { day: 'TUESDAY', open: '0900', close: '1700' },
    ],
  },
};
const { video_enabled: video, ...withoutVideo } = ROW;

describe('settings read', () => {
  it.each([
    ['data: [..]', { data: [ROW] }],
    ['data: {..}', { data: ROW }],
    ['flat', ROW],
    ['routing as text', { data: [{ ...ROW, call_routing: 'PARTNERS' }] }],
    ['routing in lower case', { data: [{ ...ROW, call_routing: 'partners' }] }],
    ['video in place of video_enabled', { data: [{ ...withoutVideo, video }] }],
  ])('in the form %s', async (_, body) => {
    const server = await graphServer({ body });
    expect(await clientOf(server).client.settings.get(PAGE)).toEqual({ ok: true, settings: READ });
    const [seen] = server.seen;
    expect([seen?.method, seen?.path, seen?.query.get('fields')]).toEqual([
      'GET',
      `/v26.0/${PAGE}/messenger_call_settings`,
      'audio_enabled,icon_enabled,video_enabled,call_routing,call_hours',
    ]);
  });

  it.each([{}, { data: [] }, { data: [null] }, { data: 'x' }, { call_routing: 7, audio_enabled: 'on' }])(
    '%j tells nothing',
    async (body) => {
      const server = await graphServer({ body });
      expect(await clientOf(server).client.settings.get(PAGE)).toEqual({ ok: true, settings: {} });
    },
  );

  it('is tried again on a passing fault', async () => {
    const server = await graphServer({ status: 500, body: '' }, { body: { data: [ROW] } });
    expect(await clientOf(server).client.settings.get(PAGE)).toMatchObject({ ok: true });
    expect(server.seen).toHaveLength(2);
  });
});

describe('settings written', () => {
  it.each([
    ['result: success', { result: 'success' }],
    ['success: true', { success: true }],
  ])('said as %s, and read back', async (_, body) => {
    const server = await graphServer({ body }, { body: { data: [ROW] } });
    const outcome = await clientOf(server).client.settings.set(PAGE, READ);
    expect(outcome).toEqual({ ok: true, verified: true, differs: [], settings: READ });
    expect(server.seen.map(({ method }) => method)).toEqual(['POST', 'GET']);
    expect(JSON.parse(server.seen[0]?.text ?? '')).toEqual(ROW);
  });

  it('sends what is named and nothing else', async () => {
    const server = await graphServer({}, { body: { data: [ROW] } });
    await clientOf(server).client.settings.set(PAGE, { ringTarget: 'PARTNERS' });
    expect(JSON.parse(server.seen[0]?.text ?? '')).toEqual({ call_routing: { ring_target: 'PARTNERS' } });
  });

  it('tells what Meta took otherwise, whatever it said', async () => {
    const server = await graphServer(
      {},
      { body: { data: [{ ...ROW, call_routing: 'META', call_hours: {} }] } },
    );
    expect(await clientOf(server).client.settings.set(PAGE, READ)).toMatchObject({
      ok: true,
      verified: false,
      differs: ['ringTarget', 'callHours'],
    });
  });

  it('does not mind another order of the days', async () => {
    const turned = { ...HOURS, weekly_operating_hours: [...HOURS.weekly_operating_hours].reverse() };
    const server = await graphServer({}, { body: { data: [{ ...ROW, call_hours: turned }] } });
    expect(await clientOf(server).client.settings.set(PAGE, READ)).toMatchObject({ verified: true });
  });

  it('is not taken for verified when it cannot be read back', async () => {
    const server = await graphServer({}, { status: 403, body: graphError(200) });
    expect(await clientOf(server).client.settings.set(PAGE, { audioEnabled: true })).toMatchObject({
      ok: true,
      verified: false,
      differs: ['audioEnabled'],
      failure: { kind: 'permission' },
    });
  });

  it('a failure in a 200 is a failure: result: failure', async () => {
    const server = await graphServer({ body: { result: 'failure' } });
    expect(await clientOf(server).client.settings.set(PAGE, { audioEnabled: true })).toMatchObject({
      ok: false,
      failure: { kind: 'protocol' },
    });
    expect(server.seen).toHaveLength(1);
  });
});

describe('settings that are not sent', () => {
  const week = (...weekly: readonly { day: string; open: string; close: string }[]) => ({
    callHours: { timezoneId: 'Africa/Nairobi', weekly },
  });
  const monday = { day: 'MONDAY', open: '0800', close: '1730' };
  it.each<[string, object, RegExp]>([
    ['nothing at all', {}, /nothing is to be changed/],
    ['an unknown ring target', { ringTarget: 'PHONES' }, /no ring target/],
    ['an offset for a time zone', { callHours: { timezoneId: '+03:00', weekly: [monday] } }, /no time zone/],
    [
      'a zone that nobody knows',
      { callHours: { timezoneId: 'Africa/Atlantis', weekly: [monday] } },
      /no time zone/,
    ],
    ['no time zone', { callHours: { weekly: [monday] } }, /no time zone/],
    ['an empty list', week(), /empty list/],
    ['one day twice', week(monday, { ...monday, open: '1800', close: '1900' }), /MONDAY is there twice/],
    ['a window over midnight', week({ day: 'FRIDAY', open: '2200', close: '0200' }), /not after 2200/],
    ['a window without length', week({ ...monday, close: '0800' }), /not after 0800/],
    ['a time with a colon', week({ ...monday, open: '08:00' }), /"08:00" is no time/],
    ['2400', week({ ...monday, close: '2400' }), /"2400" is no time/],
    ['a day that is none', week({ ...monday, day: 'Mon' }), /"Mon" is no day/],
  ])('%s', async (_, change, message) => {
    const server = await graphServer({});
    const outcome = await clientOf(server).client.settings.set(PAGE, change);
    expect(outcome).toMatchObject({ ok: false, failure: { kind: 'invalid' } });
    const problems = 'problems' in outcome ? (outcome.problems ?? []) : [];
    expect(problems.map((problem) => problem.message).join('\n')).toMatch(message);
    expect(problems.every(({ remedy }) => remedy.length > 0)).toBe(true);
    expect(server.seen).toHaveLength(0);
  });

  it('says what writing hours does to the days that are not listed', () => {
    const checked = settingsRequest(week({ ...monday, close: '0700' }));
    expect(checked.ok ? '' : checked.error[0]?.remedy).toMatch(/whole week.*not listed is closed/);
  });
});

describe('days of the week', () => {
  it.each(DAYS)('%s is sent and read', async (day) => {
    const callHours = { timezoneId: 'Africa/Nairobi', weekly: [{ day, open: '0800', close: '1730' }] };
    const row = { day_of_week: day, open_time: '0800', close_time: '1730' };
    const hours = { timezone_id: 'Africa/Nairobi', weekly_operating_hours: [row] };
    const server = await graphServer({}, { body: { data: [{ call_hours: hours }] } });
    expect(await clientOf(server).client.settings.set(PAGE, { callHours })).toMatchObject({
      verified: true,
      settings: { callHours },
    });
    expect(JSON.parse(server.seen[0]?.text ?? '')).toEqual({ call_hours: hours });
  });
});
