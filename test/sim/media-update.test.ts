import { describe, expect, it } from 'vitest';
import { parseWebhook } from '../../src/meta/index.ts';
import { parseMetaDescription } from '../../src/sdp/meta-description.ts';
import { MUTE_FORMS } from '../../src/sim/meta-sdp.ts';
import { clientOfSim, SIM_PAGE } from './graph-client.ts';
import { accept, ask, offer, type Receiver, start } from './world.ts';

const track = { msid: 't', label: 'default_audio', status: 'disabled' } as const;

async function accepted() {
  const { simulator, receiver } = await start();
  const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440, delivery: { connect: { drop: true } } });
  await ask(simulator, accept(call.id));
  return { simulator, receiver, call, client: clientOfSim(simulator).client };
}

/** The media_updates that came, in their order. */
async function updates(receiver: Receiver, n: number) {
  await receiver.count(n);
  return receiver.bodies.slice(0, n).flatMap(({ raw }) => {
    const parsed = parseWebhook(raw);
    return parsed.ok ? parsed.value.items : [];
  });
}

describe('a media_update of the gateway', () => {
  it('switches a track, then changes the session; versions go up', async () => {
    const { call, client } = await accepted();
    expect(await client.mediaUpdate(SIM_PAGE, call.id, { fromVersion: 0, tracks: [track] })).toEqual({
      ok: true,
    });
    const both = {
      ok: true,
      answerSdp: expect.stringMatching(/^v=0/),
      renegotiationSdp: expect.stringMatching(/^v=0/),
    };
    expect(await client.mediaUpdate(SIM_PAGE, call.id, { fromVersion: 1, offerSdp: offer })).toEqual(both);
    expect(call.mediaVersion).toBe(2);
  });

  it.each(['empty', 'error'] as const)(
    'from a version that is no more is a conflict: %s',
    async (collision) => {
      const { simulator, call, client } = await accepted();
      simulator.page.forms = { collision };
      call.mute(true);
      const change = { fromVersion: 0, offerSdp: offer };
      expect(await client.mediaUpdate(SIM_PAGE, call.id, change)).toMatchObject({
        failure: { kind: 'conflict' },
      });
      expect(await client.mediaUpdate(SIM_PAGE, call.id, { ...change, fromVersion: 1 })).toMatchObject({
        ok: true,
      });
    },
  );

  it.each(['integer', 'text'] as const)('is taken with versions as %s', async (versions) => {
    const { simulator, call, client } = await accepted();
    simulator.page.forms = { versions };
    expect(await client.mediaUpdate(SIM_PAGE, call.id, { fromVersion: 0, tracks: [track] })).toEqual({
      ok: true,
    });
    expect(simulator.requests.filter(({ action }) => action === 'media_update')).toHaveLength(
      versions === 'text' ? 3 - 1 : 1,
    );
  });

  it.each<[string, object]>([
    ['a version that does not follow', { from_version: 0, to_version: 2, tracks: [track] }],
    ['nothing to change', { from_version: 0, to_version: 1 }],
    ['a track that nobody offered', { from_version: 0, to_version: 1, tracks: [{ ...track, msid: 'x' }] }],
    ['five tracks', { from_version: 0, to_version: 1, tracks: Array(5).fill(track) }],
    ['an unknown label', { from_version: 0, to_version: 1, tracks: [{ ...track, label: 'mic' }] }],
    ['an unknown status', { from_version: 0, to_version: 1, tracks: [{ ...track, status: 'on' }] }],
    ['an answer', { from_version: 0, to_version: 1, session: { sdp_type: 'answer', sdp: offer } }],
  ])('is refused with %s', async (_, more) => {
    const { simulator, call } = await accepted();
    const { status } = await ask(simulator, { action: 'media_update', call_id: call.id, ...more });
    expect([status, call.mediaVersion]).toEqual([400, 0]);
  });

  it('is refused before the call is accepted, after its end, and of a call that is not ours', async () => {
    const { simulator, call, client } = await accepted();
    const change = { fromVersion: 0, tracks: [track] };
    const ringing = simulator.consumer({ psid: '8' }).call({ toneHz: 440, delivery: { drop: true } });
    expect(await client.mediaUpdate(SIM_PAGE, ringing.id, change)).toMatchObject({
      failure: { kind: 'invalid' },
    });
    ringing.answeredElsewhere();
    expect(await client.mediaUpdate(SIM_PAGE, ringing.id, change)).toMatchObject({
      failure: { kind: 'not-owner' },
    });
    void call.hangup();
    expect(await client.mediaUpdate(SIM_PAGE, call.id, change)).toMatchObject({ failure: { kind: 'ended' } });
  });
});

describe('a consumer who changes the media', () => {
  it('mutes, unmutes, turns the camera on and off: each is a media_update with the next version', async () => {
    const { receiver, call } = await accepted();
    call.mute(true);
    call.mute(false);
    call.video('beside');
    call.video(undefined);
    const items = await updates(receiver, 4);
    const versions = items.map((item) => (item.kind === 'media_update' ? item.version : undefined)).sort();
    expect(versions).toEqual([1, 2, 3, 4]);
  });

  it.each(MUTE_FORMS)('muted looks %s, in an SDP that can be read', async (form) => {
    const { receiver, call } = await accepted();
    call.mute(true, form);
    const [item] = await updates(receiver, 1);
    const sdp = item?.kind === 'media_update' ? (item.sdp ?? '') : '';
    expect(parseMetaDescription(sdp)).toMatchObject({ ok: true });
    const [, , voice = ''] = sdp.split('m=audio ');
    const looks = {
      unchanged: /a=sendonly[\s\S]*a=ssrc:/,
      inactive: /a=inactive/,
      'no-ssrc': /a=sendonly(?![\s\S]*a=ssrc:)/,
      'port-0': /^0 /,
    };
    expect(voice).toMatch(looks[form]);
  });

  it.each([
    ['beside', '1', ['audio', 'audio', 'video', 'video']],
    ['moved', '3', ['audio', 'video', 'video', 'audio']],
  ] as const)('with the camera on, video %s the voice, which is on mid %s', async (video, mid, kinds) => {
    const { receiver, call } = await accepted();
    call.video(video);
    const [item] = await updates(receiver, 1);
    const sdp = item?.kind === 'media_update' ? (item.sdp ?? '') : '';
    expect([...sdp.matchAll(/^m=(\w+)/gm)].map(([, kind]) => kind)).toEqual(kinds);
    expect([...sdp.matchAll(/^a=mid:(\d+)/gm)].map(([, n]) => n)).toEqual(['0', '1', '2', '3']);
    const voice = sdp.split('m=').find((section) => section.startsWith('audio') && /a=ssrc/.test(section));
    expect(voice).toMatch(`a=mid:${mid}`);
    expect(sdp).toMatch('D3F4U1T_F8_TR4CK');
  });
});
