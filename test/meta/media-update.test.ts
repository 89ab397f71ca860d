import { describe, expect, it } from 'vitest';
import { TRACK_LABELS, TRACK_STATUSES } from '../../src/meta/index.ts';
import { CALL, clientOf, PAGE } from './graph-client.ts';
import { graphError, graphServer, type Scripted } from './graph-server.ts';

const OFFER = 'v=0\no=- 1 1 IN IP4 203.0.113.10\n';
const SDP = 'v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n';
const track = { msid: 'gw-audio-0', label: 'default_audio', status: 'disabled' } as const;

async function update(change: object, ...script: Scripted[]) {
  const server = await graphServer(...script);
  const outcome = await clientOf(server).client.mediaUpdate(PAGE, CALL, { fromVersion: 1, ...change });
  return { outcome, bodies: server.seen.map(({ text }) => JSON.parse(text) as Record<string, unknown>) };
}

describe('media_update', () => {
  it('has one form: versions as integers, session as an object, CRLF', async () => {
    const { bodies } = await update(
      { tracks: [track], offerSdp: OFFER },
      { body: { success: true, session: { sdp_response: SDP } } },
    );
    expect(bodies).toEqual([
      {
        platform: 'messenger',
        call_id: CALL,
        action: 'media_update',
        from_version: 1,
        to_version: 2,
        tracks: [track],
        session: { sdp_type: 'offer', sdp: OFFER.replaceAll('\n', '\r\n') },
      },
    ]);
  });

  it.each(TRACK_LABELS.flatMap((label) => TRACK_STATUSES.map((status) => [label, status] as const)))(
    'switches a track without any session: %s %s',
    async (label, status) => {
      const tracks = [{ msid: 't', label, status }];
      const { outcome, bodies } = await update({ tracks }, { body: { success: true } });
      expect(outcome).toEqual({ ok: true });
      expect(bodies[0]).toMatchObject({ tracks });
      expect(bodies[0]).not.toHaveProperty('session');
    },
  );

  it.each<[string, object]>([
    [
      'objects',
      { sdp_response: { sdp_type: 'answer', sdp: SDP }, sdp_renegotiation: { sdp_type: 'offer', sdp: SDP } },
    ],
    ['strings', { sdp_response: SDP, sdp_renegotiation: SDP }],
  ])('its answer and renegotiation are read as %s', async (_, session) => {
    const { outcome } = await update({ offerSdp: OFFER }, { body: { success: true, session } });
    expect(outcome).toEqual({ ok: true, answerSdp: SDP, renegotiationSdp: SDP });
  });

  it.each<[string, Scripted]>([
    ['a 200 without an SDP', { body: { success: true } }],
    [
      'an error on conflicting media status',
      { status: 400, body: graphError(100, { message: 'Conflicting media status' }) },
    ],
  ])('both sides changed at once, told as %s: a conflict, sent once', async (_, scripted) => {
    const { outcome, bodies } = await update({ offerSdp: OFFER }, scripted);
    expect(outcome).toMatchObject({ ok: false, failure: { kind: 'conflict' } });
    expect(bodies).toHaveLength(1);
  });

  it('asks once more with versions as text when a parameter is refused, and only then', async () => {
    const refused: Scripted = {
      status: 400,
      body: graphError(100, { message: 'from_version must be a string' }),
    };
    const { outcome, bodies } = await update({ tracks: [track] }, refused, { body: { success: true } });
    expect(outcome).toEqual({ ok: true });
    expect(bodies.map((body) => [body['from_version'], body['to_version']])).toEqual([
      [1, 2],
      ['1', '2'],
    ]);
    expect((await update({ tracks: [track] }, refused)).bodies).toHaveLength(2);
  });

  it.each<[string, Scripted, string]>([
    ['a bad SDP', { status: 400, body: graphError(100, { subcode: 2018392 }) }, 'bad-sdp'],
    ['a server fault', { status: 500, body: '' }, 'transient'],
    ['a lost reply', 'reset', 'ambiguous'],
    ['another owner', { status: 400, body: graphError(100, { message: 'not the call owner' }) }, 'not-owner'],
    ['the end of the call', { status: 400, body: graphError(2018396) }, 'ended'],
  ])('is not repeated after %s', async (_, scripted, kind) => {
    const { outcome, bodies } = await update({ offerSdp: OFFER }, scripted);
    expect(outcome).toMatchObject({ ok: false, failure: { kind } });
    expect(bodies).toHaveLength(1);
  });
});
