import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { SDP } from '../support/app.ts';
import type { SipError, Srf, SrfDialog, SrfMessage, SrfRequest } from '../support/srf.ts';
import { type B2bScript, referScripts, script, type UasScript } from './srf-scripts.ts';
import type { Stage } from './stage.ts';

/** One play of a scenario file, and of the files on its other legs. */
export interface Play {
  readonly files: readonly string[];
  /** The test of drachtio-srf that it follows, or what it does where they have none. */
  readonly as: string;
  readonly run: (stage: Stage) => Promise<void>;
  /** How often it may be tried, for files that throw dice. */
  readonly tries?: number;
}

const HEADERS = { To: 'sip:dhorton@sip.drachtio.org', From: 'sip:dhorton@sip.drachtio.org' };
const AUTH = { username: 'foo', password: 'bar' };

const uas = async (stage: Stage, begin: (app: UasScript) => void): Promise<UasScript> =>
  stage.keep(await script<UasScript>('uas', stage.server, begin));

const b2b = async (stage: Stage, begin: (app: B2bScript) => void): Promise<B2bScript> =>
  stage.keep(
    await script<B2bScript>('b2b', stage.server, (app) => {
      app.on('connected', (legs) => legs.uas.on('destroy', () => void legs.uac.destroy()));
      begin(app);
    }),
  );

/** A call that sipp answers and we end. */
async function callOut(stage: Stage, file: string, options: object = {}): Promise<void> {
  const peer = await stage.uas(file);
  const srf = await stage.srf();
  const dialog = await srf.createUAC(peer.uri, { headers: HEADERS, ...options });
  await dialog.destroy();
  await peer.done;
}

/** A call of sipp that the application passes on to sipp. */
async function passOn(
  stage: Stage,
  from: string,
  to: string,
  begin: (app: B2bScript, uri: string) => void,
): Promise<void> {
  const peer = await stage.uas(to);
  await b2b(stage, (app) => begin(app, peer.uri));
  await stage.uac(from);
  await peer.done;
}

async function register(stage: Stage, file: string): Promise<void> {
  const peer = await stage.uas(file);
  const srf = await stage.srf();
  const Contact = '<sip:dhorton@localhost>;expires=3600';
  const sent = await srf.request(peer.uri, {
    method: 'REGISTER',
    headers: { ...HEADERS, Contact },
    auth: AUTH,
  });
  const [response] = (await once(sent, 'response')) as [SrfMessage];
  assert.equal(response.status, 200);
  await peer.done;
}

const play = (as: string, files: string | readonly string[], run: Play['run'], tries = 1): Play => ({
  as,
  files: (typeof files === 'string' ? [files] : files).map((file) => `${file}.xml`),
  run,
  tries,
});

const UAS: readonly Play[] = [
  play('uas.js: reject with 503', 'uac-expect-503', async (stage) => {
    await uas(stage, (app) => app.reject(503));
    await stage.uac('uac-expect-503.xml');
  }),
  play('uas.js: accept', 'uac', async (stage) => {
    await uas(stage, (app) => app.accept());
    await stage.uac('uac.xml');
  }),
  play('uas.js: accept by callback', 'uac', async (stage) => {
    await uas(stage, (app) => app.acceptCb());
    await stage.uac('uac.xml');
  }),
  play('uas.js: accept with body', 'uac', async (stage) => {
    await uas(stage, (app) => app.accept(null, true));
    await stage.uac('uac.xml');
  }),
  play('uas.js: no ACK comes', 'uac-drop-all-200', async (stage) => {
    const app = await uas(stage, (of) => of.accept());
    const ended = once(app, 'connected').then(([dialog]) => once(dialog as SrfDialog, 'destroy'));
    await stage.uac('uac-drop-all-200.xml', ['-timeout', '45s']);
    const [, reason] = await ended;
    assert.equal(reason, 'ACK timeout');
  }),
  play('uas.js: subscription', 'uac-subscribe', async (stage) => {
    const app = await uas(stage, (of) => of.acceptSubscribe());
    const notified = once(app, 'connected').then(async ([dialog]) => {
      for (const state of ['active', 'terminated'])
        await (dialog as SrfDialog).request({
          method: 'NOTIFY',
          headers: { Event: 'presence', 'Subscription-State': state },
        });
    });
    await stage.uac('uac-subscribe.xml');
    await notified;
  }),
  play('reinvite-tests.js', 'uac-send-reinvite-no-sdp', async (stage) => {
    let reinvited: Promise<void> | undefined;
    await uas(stage, (app) => {
      reinvited = app.handleReinviteScenario();
    });
    await stage.uac('uac-send-reinvite-no-sdp.xml');
    await reinvited;
  }),
  play(
    'uas.js: accept, 200 lost three times of four',
    'uac-drop-one-200',
    async (stage) => {
      await uas(stage, (app) => app.accept());
      await stage.uac('uac-drop-one-200.xml');
    },
    4,
  ),
  play(
    'uas.js: reject with 503, lost seven times of ten',
    'uac-drop-one-503',
    async (stage) => {
      await uas(stage, (app) => app.reject(503));
      await stage.uac('uac-drop-one-503.xml');
    },
    4,
  ),
  play('uas.js: accept, CANCEL too late, BYE before ACK', 'uac-drop-200-then-cancel', async (stage) => {
    await uas(stage, (app) => app.accept());
    await stage.uac('uac-drop-200-then-cancel.xml');
  }),
  play('uas.js: reject with 603', 'uac-spammer-expect-603', async (stage) => {
    await uas(stage, (app) => app.reject(603));
    await stage.uac('uac-spammer-expect-603.xml');
  }),
];

const UAC: readonly Play[] = [
  play('uac.js: PRACK', 'uas-prack', (stage) => callOut(stage, 'uas-prack.xml')),
  play('uac.js: redirected', ['uas-302', 'uas'], async (stage) => {
    const next = await stage.uas('uas.xml');
    const peer = await stage.uas('uas-302.xml', (text) => text.replace('sip:172.29.0.13', next.uri));
    const srf = await stage.srf();
    const options = { headers: HEADERS, followRedirects: true, keepUriOnRedirect: true };
    const dialog = await srf.createUAC(peer.uri, options);
    await dialog.destroy();
    await Promise.all([peer.done, next.done]);
  }),
  play('uac.js: call', 'uas', (stage) => callOut(stage, 'uas.xml')),
  play('uac.js: callingNumber', 'uas', (stage) =>
    callOut(stage, 'uas.xml', { headers: {}, callingNumber: '12345' }),
  ),
  play('uac.js: own Contact', 'uas', (stage) =>
    callOut(stage, 'uas.xml', { headers: { contact: 'sip:foo@localhost' }, callingNumber: '12345' }),
  ),
  play('call and hang up', 'uas-refer', (stage) => callOut(stage, 'uas-refer.xml')),
  play('uac.js: overlapping modify', 'uas-reinvite-overlap', async (stage) => {
    const peer = await stage.uas('uas-reinvite-overlap.xml');
    const srf = await stage.srf();
    const dialog = await srf.createUAC(peer.uri, { headers: HEADERS });
    await Promise.all([1, 2, 3].map(() => dialog.modify(dialog.local.sdp)));
    // The file ends here: a BYE would be one too many for it.
    await peer.done;
  }),
  play('uac.js: digest on re-INVITE', 'uas-reinvite-with-auth', async (stage) => {
    const peer = await stage.uas('uas-reinvite-with-auth.xml');
    const srf = await stage.srf();
    const dialog = await srf.createUAC(peer.uri, { headers: HEADERS, auth: AUTH });
    await dialog.modify('hold');
    await dialog.destroy();
    await peer.done;
  }),
  play('uac.js: digest', 'uas-auth', (stage) => callOut(stage, 'uas-auth.xml', { auth: AUTH })),
  play('uac.js: 407 without a challenge', 'uas-407-no-auth-header', async (stage) => {
    const peer = await stage.uas('uas-407-no-auth-header.xml');
    const srf = await stage.srf();
    const error = await srf.createUAC(peer.uri, { headers: HEADERS, auth: AUTH }).catch((e: SipError) => e);
    assert.ok(error instanceof Error);
  }),
  play('uac.js: digest on BYE', 'uas-bye-with-auth', (stage) =>
    callOut(stage, 'uas-bye-with-auth.xml', { auth: AUTH }),
  ),
  play('uac.js: REGISTER', 'uas-auth-register', (stage) => register(stage, 'uas-auth-register.xml')),
  play('uac.js: REGISTER, empty realm', 'uas-auth-register-no-realm', (stage) =>
    register(stage, 'uas-auth-register-no-realm.xml'),
  ),
  play('uac.js: cancelled', 'uas-cancel', async (stage) => {
    const peer = await stage.uas('uas-cancel.xml');
    const srf = await stage.srf();
    let sent: SrfRequest | undefined;
    const error = await srf
      .createUAC(
        peer.uri,
        { headers: HEADERS },
        {
          cbRequest: (_error, request) => {
            sent = request;
          },
          cbProvisional: () =>
            sent?.cancel({ headers: { Reason: 'SIP;cause=200;text="Call completed elsewhere"' } }),
        },
      )
      .then(
        () => undefined,
        (e: SipError) => e,
      );
    assert.equal(error?.status, 487);
    await peer.done;
  }),
  play('uac.js: UPDATE with SDP', 'uas-update-with-sdp', async (stage) => {
    const peer = await stage.uas('uas-update-with-sdp.xml');
    const srf = await stage.srf();
    const dialog = await srf.createUAC(peer.uri, { headers: HEADERS, localSdp: SDP(49_170) });
    while (stage.server.stats().responsesOut['UPDATE']?.[200] !== 1) await sleep(10);
    await dialog.destroy();
    await peer.done;
  }),
  play('benchmark: OPTIONS', 'uas-options-expect-200', async (stage) => {
    const peer = await stage.uas('uas-options-expect-200.xml');
    const srf = await stage.srf();
    const sent = await srf.request(peer.uri, { method: 'OPTIONS' });
    const [response] = (await once(sent, 'response')) as [SrfMessage];
    assert.equal(response.status, 200);
    await peer.done;
  }),
];

// Made anew for each call: createB2BUA changes the options it is given.
const contact = (): object => ({ responseHeaders: { Contact: 'sip:foo@localhost' } });
const green = (): Record<string, string> => ({ 'X-Color': 'green' });

const B2B: readonly Play[] = [
  play('b2b.js: PRACK on both legs', ['uac-prack', 'uas-prack'], (stage) =>
    passOn(stage, 'uac-prack.xml', 'uas-prack.xml', (app, uri) =>
      app.expectSuccess(uri, { proxyResponseHeaders: ['all'], ...contact() }),
    ),
  ),
  play('b2b.js: INVITE without SDP', ['uac-nosdp', 'uas'], async (stage) => {
    let answer: SrfDialog | undefined;
    await passOn(stage, 'uac-nosdp.xml', 'uas.xml', (app, uri) => {
      app.on('connected', (legs) => {
        answer = legs.uas;
      });
      app.expectSuccess(uri, contact());
    });
    assert.match(answer?.remote.sdp ?? '', /m=audio/);
  }),
  play('b2b.js: 200', ['uac', 'uas'], (stage) =>
    passOn(stage, 'uac.xml', 'uas.xml', (app, uri) => app.expectSuccess(uri, contact())),
  ),
  play('b2b.js: To tag of the application', ['uac', 'uas'], (stage) =>
    passOn(stage, 'uac.xml', 'uas.xml', (app, uri) =>
      app.expectSuccess(uri, {
        responseHeaders: (answer: SrfMessage) => ({ To: `tag=${answer.get('Call-ID')}` }),
      }),
    ),
  ),
  play('b2b.js: CANCEL', ['uac-cancel', 'uas-cancel'], (stage) =>
    passOn(stage, 'uac-cancel.xml', 'uas-cancel.xml', (app, uri) => app.expectCancel(uri)),
  ),
  play('b2b.js: failure passed on', ['uac-expect-404', 'uas-404'], (stage) =>
    passOn(stage, 'uac-expect-404.xml', 'uas-404.xml', (app, uri) => app.expectFailure(uri, 404)),
  ),
  play('b2b.js: failure kept', ['uac-expect-480', 'uas-404'], (stage) =>
    passOn(stage, 'uac-expect-480.xml', 'uas-404.xml', (app, uri) => app.expectFailure(uri, 404, 480)),
  ),
  play('b2b.js: headers passed on', ['uac', 'uas'], (stage) =>
    passOn(stage, 'uac.xml', 'uas.xml', (app, uri) => app.passHeaders(uri)),
  ),
  play('b2b.js: INVITE without Contact', 'uac-expect-400-no-contact-header', async (stage) => {
    await b2b(stage, (app) => app.expectFailure('sip:127.0.0.1:9', 404, 400));
    await stage.uac('uac-expect-400-no-contact-header.xml');
  }),
  play('b2b.js: 200 without Contact', ['uac-expect-480', 'uas-200-ok-no-contact-cancel'], async (stage) => {
    const peer = await stage.uas('uas-200-ok-no-contact-cancel.xml');
    await b2b(stage, (app) => app.expectFailure(peer.uri, 500, 480));
    await stage.uac('uac-expect-480.xml');
  }),
  play('b2b.js: headers on the answer', ['uac-success-green', 'uas'], (stage) =>
    passOn(stage, 'uac-success-green.xml', 'uas.xml', (app, uri) => app.passHeadersOnResponse(uri, green())),
  ),
  play('b2b.js: headers on the answer by function', ['uac-success-green', 'uas'], (stage) =>
    passOn(stage, 'uac-success-green.xml', 'uas.xml', (app, uri) => app.passHeadersOnResponse(uri, green)),
  ),
  play('b2b.js: display name', ['uac-displayname-from', 'uas'], (stage) =>
    passOn(stage, 'uac-displayname-from.xml', 'uas.xml', (app, uri) => app.passHeaders(uri)),
  ),
  play('b2b.js: SDP by promise', ['uac', 'uas'], (stage) =>
    passOn(stage, 'uac.xml', 'uas.xml', (app, uri) => app.sdpAsPromise(uri)),
  ),
  play('b2b.js: SDP by function', ['uac', 'uas'], (stage) =>
    passOn(stage, 'uac.xml', 'uas.xml', (app, uri) => app.sdpAsFunctionReturningString(uri)),
  ),
  play('b2b.js: uri in options', ['uac', 'uas'], (stage) =>
    passOn(stage, 'uac.xml', 'uas.xml', (app, uri) => app.uriInOpts(uri)),
  ),
  play('b2b.js: third-party control fails', ['uac-3pcc-nosdp', 'uas'], (stage) =>
    passOn(stage, 'uac-3pcc-nosdp.xml', 'uas.xml', (app, uri) => app.expect3pccUasFailure(uri)),
  ),
  play('b2b.js: re-INVITE of B before the ACK of A', ['uac-delayed-ack', 'uas-reinvite'], (stage) =>
    passOn(stage, 'uac-delayed-ack.xml', 'uas-reinvite.xml', (app, uri) => app.immediateReinviteFromB(uri)),
  ),
  play('refer.js', 'uac-recv-reinvite', async (stage) => {
    const end = await stage.another();
    for (const srf of await referScripts(stage.server, end.server, end.address)) stage.keep(srf as Srf);
    const first = stage.uac('uac-recv-reinvite.xml');
    await sleep(300);
    await Promise.all([first, stage.uac('uac-recv-reinvite.xml')]);
  }),
];

const MEDIA: readonly Play[] = [
  play('uas.js: accept; sipp plays no recording', 'uac-pcap', async (stage) => {
    await uas(stage, (app) => app.accept());
    await stage.uac('uac-pcap.xml');
  }),
];

/** Why uac-proxy.xml is not played: should this fail, it can be. */
const REFUSALS: readonly Play[] = [
  play('srf.proxyRequest is refused', [], async (stage) => {
    let refusal: unknown;
    await stage.srf((srf) =>
      srf.invite((req, res) => {
        const proxying = srf.proxyRequest(req, 'sip:127.0.0.1:9', { remainInDialog: true });
        proxying
          .catch((error: unknown) => {
            refusal = error;
          })
          .finally(() => res.send(503));
      }),
    );
    await stage.uac('uac-expect-503.xml');
    assert.match(String(refusal), /proxy is not supported/);
  }),
];

export const PLAYS: readonly Play[] = [...UAS, ...UAC, ...B2B, ...MEDIA, ...REFUSALS];
