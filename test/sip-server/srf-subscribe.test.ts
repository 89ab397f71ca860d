import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type App, SDP, startApp } from './support/app.ts';
import { hasSipp, startSipp } from './support/sipp.ts';
import type { Srf, SrfDialog, SrfRequest, SrfResponse } from './support/srf.ts';

const apps: App[] = [];
const app = async (routes?: (srf: Srf) => void): Promise<App> => {
  const started = await startApp(routes);
  apps.push(started);
  return started;
};
afterEach(async () => {
  await Promise.all(apps.splice(0).map((each) => each.close()));
});

const notify = (state: string) => ({
  method: 'NOTIFY',
  headers: { Event: 'presence', 'Subscription-State': state },
});

test('one application watches another: SUBSCRIBE, NOTIFY, refresh, the end', async () => {
  const watched = Promise.withResolvers<SrfDialog>();
  const b = await app((srf) =>
    srf.subscribe((req, res) => void srf.createUAS(req, res, {}).then(watched.resolve)),
  );
  const a = await app();
  const headers = { Event: 'presence', Expires: '600' };
  const subscription = await a.srf.createUAC(`sip:bob@${b.address}`, { method: 'SUBSCRIBE', headers });
  const source = await watched.promise;
  const heard = once(subscription, 'notify');
  const sent = source.request(notify('active;expires=600'));
  const [req, res] = (await heard) as [SrfRequest, SrfResponse];
  expect(req.get('Subscription-State')).toBe('active;expires=600');
  res.send(200);
  expect((await sent).status).toBe(200);

  const refreshed = once(source, 'subscribe');
  const refresh = subscription.request({ method: 'SUBSCRIBE', headers });
  const [, answer] = (await refreshed) as [SrfRequest, SrfResponse];
  answer.send(200, { headers: { Expires: '600' } });
  expect((await refresh).status).toBe(200);

  const last = once(subscription, 'notify');
  await source.destroy();
  const [final, finalAnswer] = (await last) as [SrfRequest, SrfResponse];
  expect(final.get('Subscription-State')).toBe('terminated');
  // drachtio-srf itself looks for the subscription under the wrong address and says so on stderr; it answers all the same.
  finalAnswer.send(200);
  await expect.poll(() => [a.server.stats().dialogs, b.server.stats().dialogs]).toEqual([0, 0]);
});

test('a blind transfer with drachtio-srf: REFER, 202, NOTIFYs, and the call goes on', async () => {
  const answered = Promise.withResolvers<SrfDialog>();
  const b = await app((srf) =>
    srf.invite((req, res) => void srf.createUAS(req, res, { localSdp: SDP(4000) }).then(answered.resolve)),
  );
  const a = await app();
  const uac = await a.srf.createUAC(`sip:bob@${b.address}`, { localSdp: SDP(5000) });
  const uas = await answered.promise;
  uac.on('refer', (_req: SrfRequest, res: SrfResponse) => res.send(202));
  const referred = await uas.request({ method: 'REFER', headers: { 'Refer-To': '<sip:carol@127.0.0.1>' } });
  expect(referred.status).toBe(202);
  const progress: string[] = [];
  uas.on('notify', (req: SrfRequest, res: SrfResponse) => {
    progress.push(req.body.trim());
    res.send(200);
  });
  for (const [state, line] of [
    ['active;expires=60', 'SIP/2.0 100 Trying'],
    ['terminated;reason=noresource', 'SIP/2.0 200 OK'],
  ] as const) {
    const headers = {
      Event: 'refer',
      'Subscription-State': state,
      'Content-Type': 'message/sipfrag;version=2.0',
    };
    expect((await uac.request({ method: 'NOTIFY', headers, body: `${line}\r\n` })).status).toBe(200);
  }
  expect(progress).toEqual(['SIP/2.0 100 Trying', 'SIP/2.0 200 OK']);
  expect((await uac.request({ method: 'INFO' })).status).toBe(200);
  expect([a.server.stats().dialogs, b.server.stats().dialogs]).toEqual([1, 1]);
  await uas.destroy();
  expect([a.server.stats().dialogs, b.server.stats().dialogs]).toEqual([0, 0]);
});

describe.runIf(hasSipp())('sipp', () => {
  test('subscribes and hears two NOTIFYs (a scenario of drachtio-srf)', async () => {
    const a = await app((srf) =>
      srf.subscribe((req, res) => {
        void srf.createUAS(req, res, {}).then(async (dialog) => {
          await dialog.request(notify('active;expires=900'));
          await dialog.destroy();
        });
      }),
    );
    const folder = join(import.meta.dirname, '../../node_modules/drachtio-srf/test/scenarios');
    const sipp = await startSipp(['-sf', join(folder, 'uac-subscribe.xml'), '-m', '1'], a.address);
    await sipp.done;
    await expect.poll(() => a.server.stats().dialogs).toBe(0);
  });
});
