import { describe, expect, test } from 'vitest';
import { reports, SDP, settled } from './support/leg.ts';
import { startLeg } from './support/server.ts';
import { haveSipp, receive, response, sippPhone } from './support/sipp.ts';

describe.runIf(haveSipp)('sipp as the phone', () => {
  test('180, 200, ACK, BYE from us', async () => {
    const { sip } = await startLeg();
    const phone = await sippPhone('uas');
    const { events, inbox } = reports();
    sip.invite({ uri: phone.uri, from: { user: 'a' }, headers: {}, sdp: SDP }, events);
    const answered = await settled(inbox);
    if (answered.what !== 'answered') throw new Error(JSON.stringify(answered));
    expect(inbox.all).toContainEqual(expect.objectContaining({ what: 'provisional', status: 180 }));
    expect(answered.sdp).toContain('m=audio');
    await answered.dialog.bye();
    expect(await phone.done).toBe(0);
  });

  test('20 calls at once', async () => {
    const { sip } = await startLeg();
    const phone = await sippPhone('uas', 20);
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const { events, inbox } = reports();
        sip.invite({ uri: phone.uri, from: { user: `a${index}` }, headers: {}, sdp: SDP }, events);
        const answered = await settled(inbox);
        if (answered.what !== 'answered') throw new Error(JSON.stringify(answered));
        await answered.dialog.bye();
      }),
    );
    expect(await phone.done).toBe(0);
    expect(sip.dump()).toMatchObject({ invites: 0, dialogs: 0 });
  });

  test.each([
    ['486 Busy Here', '', { status: 486 }],
    ['404 Not Found', '', { status: 404 }],
    ['503 Service Unavailable', 'Retry-After: 30\n', { status: 503, retryAfterS: 30, kind: 'response' }],
  ])('%s', async (line, extra, failure) => {
    const { sip } = await startLeg();
    const phone = await sippPhone(receive('INVITE') + response(line, { extra }) + receive('ACK'));
    const { events, inbox } = reports();
    sip.invite({ uri: phone.uri, from: { user: 'a' }, headers: {}, sdp: SDP }, events);
    expect(await settled(inbox)).toMatchObject({ what: 'failed', ...failure });
    expect(await phone.done).toBe(0);
  });

  test('CANCEL while it rings', async () => {
    const { sip } = await startLeg();
    // The 487 to the INVITE is built by hand, for the last message is the CANCEL.
    const final =
      '<send><![CDATA[\nSIP/2.0 487 Request Terminated\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\nCSeq: [$cseq] INVITE\nContent-Length: 0\n\n]]></send>';
    const invite =
      '<recv request="INVITE"><action><ereg regexp="[0-9]+" search_in="hdr" header="CSeq:" assign_to="cseq"/></action></recv>';
    const phone = await sippPhone(
      invite +
        response('180 Ringing') +
        receive('CANCEL') +
        response('200 OK') +
        final.replace('[last_To:]', '[last_To:];tag=[pid]t[call_number]') +
        receive('ACK'),
    );
    const { events, inbox } = reports();
    const outbound = sip.invite({ uri: phone.uri, from: { user: 'a' }, headers: {}, sdp: SDP }, events);
    await inbox.next();
    expect(await inbox.next()).toMatchObject({ what: 'provisional', status: 180 });
    outbound.cancel({ cause: 16, text: 'the consumer hung up' });
    expect(await settled(inbox)).toMatchObject({ kind: 'cancelled' });
    expect(await phone.done).toBe(0);
  });
});
