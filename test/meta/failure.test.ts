import { describe, expect, it } from 'vitest';
import { failureOf } from '../../src/meta/failure.ts';
import { FAILURES } from '../../src/meta/index.ts';
import { graphError } from './graph-server.ts';

type Body = Parameters<typeof failureOf>[1];
const of = (status: number, body?: object) => failureOf(status, body as Body);

describe('the error catalogue', () => {
  it.each([
    [2018389, 'page', 403],
    [2018390, 'bad-call', 481],
    [2018391, 'bad-sdp', 500],
    [2018392, 'bad-sdp', 488],
    [2018393, 'invalid', 500],
    [2018394, 'page', 403],
    [2018395, 'ended', 480],
    [2018396, 'ended', 480],
    [1893056, 'settings', 403],
    [2018278, 'call-permission', 403],
    [2018065, 'call-permission', 403],
    [2534022, 'call-permission', 403],
    [1893063, 'page', 403],
    [1545041, 'person', 480],
    [2018108, 'person', 480],
    [2018001, 'person', 404],
    [2018218, 'profile', 404],
    [2018247, 'profile', 404],
    [2018300, 'call-permission', 403],
    [2018321, 'call-permission', 403],
  ])('knows %d, in code and in error_subcode', (number, kind, sipStatus) => {
    expect(of(400, graphError(number))).toMatchObject({ kind, sipStatus, code: number });
    for (const parent of [100, 10]) {
      expect(of(400, graphError(parent, { subcode: number }))).toMatchObject({
        kind,
        sipStatus,
        code: parent,
        subcode: number,
      });
    }
  });

  // WhatsApp's own.
  it.each([
    [138000, 403],
    [138001, 480],
    [138002, 503],
    [138003, 486],
    [138004, 500],
    [138005, 503],
    [138006, 403],
    [138007, 504],
    [138008, 488],
    [2593093, 488],
    [138009, 403],
    [138012, 403],
    [138013, 403],
    [138014, 403],
    [138015, 403],
    [138018, 403],
    [138017, 403],
    [138019, 480],
    [138020, 480],
    [138021, 408],
    [138022, 408],
    [138023, 480],
    [131044, 403],
    [131055, 500],
  ])('knows %d, in code and in error_subcode', (number, sipStatus) => {
    for (const error of [graphError(number), graphError(100, { subcode: number })]) {
      expect(of(400, error)?.sipStatus).toBe(sipStatus);
      expect(of(400, error)?.kind).not.toBe('invalid');
    }
  });

  it.each([
    [190, 'credential'],
    [102, 'credential'],
    [4, 'throttled'],
    [17, 'throttled'],
    [32, 'throttled'],
    [341, 'throttled'],
    [613, 'throttled'],
    [80001, 'throttled'],
    [80006, 'throttled'],
    [80008, 'throttled'],
    [368, 'page'],
    [2022, 'page'],
    [551, 'person'],
    [10, 'permission'],
    [3, 'permission'],
    [200, 'permission'],
    [283, 'permission'],
    [299, 'permission'],
    [1, 'transient'],
    [2, 'transient'],
    [100, 'invalid'],
  ])('knows code %d', (code, kind) => {
    expect(of(400, graphError(code))?.kind).toBe(kind);
  });

  it.each([458, 459, 460, 463, 464, 467, 492])('knows code 190 with subcode %d', (subcode) => {
    expect(of(401, graphError(190, { subcode }))?.kind).toBe('credential');
  });

  it('reads small numbers as codes only: subcodes of other errors use them too', () => {
    expect(of(400, graphError(100, { subcode: 190 }))?.kind).toBe('invalid');
    expect(of(400, graphError(190, { subcode: 463 }))?.kind).toBe('credential');
    expect(of(400, graphError(100, { subcode: 33 }))?.kind).toBe('person');
    expect(of(400, graphError(33))?.kind).toBe('invalid');
    expect(of(400, graphError(613, { subcode: 1996 }))?.kind).toBe('throttled');
  });

  it.each([
    ['The call was already accepted', 'already'],
    ['This call has already been answered', 'already'],
    ['Call already accepted.', 'already'],
    ['This call has already been rejected', 'ended'],
    ['Call already terminated', 'ended'],
    ['The call has ended', 'ended'],
    ['This call is completed', 'ended'],
    ['Cannot accept a failed call', 'ended'],
    ['Your app is not the owner of this call', 'not-owner'],
    ["App is not the call's owner", 'not-owner'],
    ['The call is owned by another app', 'not-owner'],
    ['This app does not own the call', 'not-owner'],
    ["Your app isn't the owner of the call", 'not-owner'],
    ['App is not this call owner', 'not-owner'],
    ['The call was already accepted by another app', 'not-owner'],
    ['Call already answered on a different device', 'not-owner'],
    ['Call already terminated by another app', 'ended'],
    ['Invalid call_id provided', 'bad-call'],
    ['Invalid call id', 'bad-call'],
    ['Call not found', 'bad-call'],
    ['Metrics of this call were already submitted', 'already'],
    ['The call is still in progress', 'in-progress'],
    ['Conflicting media status', 'conflict'],
    ['Too many calls to this person', 'throttled'],
    ['The call rate limit was reached', 'throttled'],
    ['The recipient has not granted call permission', 'call-permission'],
    ['The user gave no permission to be called', 'call-permission'],
    ['API calls from the server require an appsecret_proof argument', 'credential'],
    ['Invalid appsecret_proof provided in the API argument', 'credential'],
  ])('reads "%s"', (message, kind) => {
    expect(of(400, graphError(100, { message }))?.kind).toBe(kind);
    expect(of(200, { success: false, message })?.kind).toBe(kind);
  });

  it.each([
    ['(#100) The API call failed because a parameter is odd', 'invalid'],
    ['(#100) Invalid call settings', 'invalid'],
    ['(#100) This API version is no longer supported', 'invalid'],
    ['(#100) session is required', 'invalid'],
  ])('does not read too much into "%s"', (message, kind) => {
    expect(of(400, graphError(100, { message }))?.kind).toBe(kind);
  });

  it('tells missing rights of the app from a consumer who does not want calls', () => {
    const message = '(#200) Requires pages_messaging permission to manage the object';
    expect(of(403, graphError(200, { message }))?.kind).toBe('permission');
    expect(of(403, graphError(10, { message: '(#10) Application does not have permission' }))?.kind).toBe(
      'permission',
    );
    const refusal = of(400, graphError(10, { message: 'No call permission for this person' }));
    expect(refusal).toMatchObject({ kind: 'call-permission', metricReason: 'No_Permission' });
  });

  it('has no row that another row hides', () => {
    for (const row of FAILURES.filter(({ text }) => !text)) {
      const codes = row.numbers ?? (row.codes ? [...row.codes] : []);
      for (const code of codes) expect(of(400, graphError(code))).toMatchObject({ kind: row.kind });
    }
  });
});

describe('forms of an error', () => {
  it('may be wrapped, flat, or a word', () => {
    const flat = { message: 'gone', code: 2018396, type: 'OAuthException' };
    expect(of(400, { error: flat })?.kind).toBe('ended');
    expect(of(400, flat)?.kind).toBe('ended');
    expect(of(400, { error: { ...flat, code: '2018396' } })?.kind).toBe('ended');
    expect(of(400, { error: 'The call has ended' })?.kind).toBe('ended');
    expect(of(400, { error: { ...flat, error_data: 'text', error_subcode: null } })?.kind).toBe('ended');
  });

  it('is a failure in a 2xx too', () => {
    expect(of(200, graphError(2018396))?.kind).toBe('ended');
    expect(of(200, { message: 'gone', code: 2018396 })?.kind).toBe('ended');
    expect(of(200, { error: [{ message: 'gone', code: 2018396 }] })?.kind).toBe('ended');
    expect(of(200, { error: true, message: 'The call has ended' })?.kind).toBe('ended');
    for (const body of [
      { success: false },
      { success: 'false' },
      { result: 'failure' },
      { result: 'FAILURE' },
      { success: true, error: true },
      { success: true, error: 1 },
      { success: true, error: {} },
      { success: true, error: ['odd'] },
    ]) {
      expect(of(200, body)?.kind).toBe('protocol');
    }
  });

  it('is none in a success', () => {
    const none = [null, false, '', 0, []].map((error) => ({ success: true, error }));
    for (const body of [{ success: true }, { success: 'true' }, { result: 'success' }, {}, ...none]) {
      expect(of(200, body)).toBeUndefined();
    }
    expect(of(204)).toBeUndefined();
  });

  it('gives way to "try again" where it is vague, and only there', () => {
    expect(of(400, graphError(100, { transient: true }))?.kind).toBe('transient');
    expect(of(400, graphError(9999, { transient: true }))?.kind).toBe('transient');
    expect(of(500, graphError(100))?.kind).toBe('transient');
    expect(of(500, graphError(2018396, { transient: true }))?.kind).toBe('ended');
  });

  it.each([
    [302, 'protocol'],
    [400, 'invalid'],
    [401, 'credential'],
    [403, 'permission'],
    [404, 'invalid'],
    [408, 'transient'],
    [429, 'throttled'],
    [500, 'transient'],
    [503, 'transient'],
  ])('falls back on HTTP %d', (status, kind) => {
    expect(of(status)).toMatchObject({ kind, httpStatus: status });
  });

  it("says what happened in our own words, Meta's numbers and trace, never in Meta's words", () => {
    const failure = of(400, graphError(100, { subcode: 2018392, message: 'ice-pwd:secret of Amina' }));
    expect(failure).toEqual({
      kind: 'bad-sdp',
      message: 'Meta refused our session description (HTTP 400, code 100/2018392)',
      remedy: 'Report it with a trace of the call.',
      sipStatus: 488,
      metricReason: 'Signaling_Message_Failed',
      httpStatus: 400,
      code: 100,
      subcode: 2018392,
      fbtraceId: 'AqX3Trace_-1',
    });
    expect(of(400, graphError(2018396))?.metricReason).toBe('Call_End_Accept_After_Hang_Up');
  });

  it('keeps the trace in the alphabet that Meta uses, and nothing else', () => {
    const traceOf = (trace: unknown) => of(400, graphError(1, { trace }))?.fbtraceId;
    for (const trace of ['BLBz/WZt8dN', 'EJplcsCHuLu', 'AqX3+_-x==']) expect(traceOf(trace)).toBe(trace);
    for (const trace of ['a\nb', 'a b', 'Aminá', '', 'x'.repeat(65), 7, null]) {
      expect(traceOf(trace)).toBeUndefined();
    }
  });
});
