import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { type App, SDP, startApp, startServer } from './support/app.ts';
import type { Srf, SrfDialog, SrfMessage } from './support/srf.ts';

const apps: App[] = [];
const app = async (routes?: (srf: Srf) => void): Promise<App> => {
  const started = await startApp(routes);
  apps.push(started);
  return started;
};
afterEach(async () => {
  await Promise.all(apps.splice(0).map((each) => each.close()));
});

const answering = (): { routes: (srf: Srf) => void; dialog: Promise<SrfDialog> } => {
  let answered: (dialog: SrfDialog) => void = () => {};
  const dialog = new Promise<SrfDialog>((resolve) => {
    answered = resolve;
  });
  return {
    dialog,
    routes: (srf) => {
      srf.invite((req, res) => {
        res.send(180);
        void srf.createUAS(req, res, { localSdp: SDP(4000) }).then(answered);
      });
    },
  };
};

test('a call between two applications rings, is answered, and the caller hangs up', async () => {
  const callee = answering();
  const b = await app(callee.routes);
  const a = await app();
  const provisional: number[] = [];
  const uac = await a.srf.createUAC(
    `sip:bob@${b.address}`,
    { localSdp: SDP(5000), callingNumber: 'alice' },
    { cbProvisional: (res) => provisional.push(res.status) },
  );
  const uas = await callee.dialog;
  expect(provisional).toEqual([180]);
  expect(uac.remote.sdp).toBe(SDP(4000));
  expect(uas.remote.sdp).toBe(SDP(5000));
  expect(uac.id).toBe(uas.id);
  expect(a.server.stats().dialogs).toBe(1);

  const destroyed = once(uas, 'destroy');
  await uac.destroy();
  await destroyed;
  expect(a.server.stats().dialogs).toBe(0);
  expect(b.server.stats().dialogs).toBe(0);
  expect(b.server.stats().requestsIn).toMatchObject({ INVITE: 1, ACK: 1, BYE: 1 });
  expect(b.server.stats().retransmissionsIn).toBe(0);
});

test('the callee hangs up', async () => {
  const callee = answering();
  const b = await app(callee.routes);
  const a = await app();
  const uac = await a.srf.createUAC(`sip:bob@${b.address}`, { localSdp: SDP(5000) });
  const uas = await callee.dialog;
  const destroyed = once(uac, 'destroy');
  await uas.destroy({ headers: { Reason: 'Q.850;cause=16' } });
  const [bye] = (await destroyed) as [SrfMessage];
  expect(bye.get('Reason')).toBe('Q.850;cause=16');
  expect(a.server.stats().dialogs).toBe(0);
  expect(b.server.stats().dialogs).toBe(0);
});

test('closing a server in the middle of calls leaves no timer and no socket', async () => {
  const clock = new FakeClock();
  const b = await startApp(
    (srf) =>
      srf.invite((req, res) => {
        if (req.uri.includes('ring')) res.send(180);
        else void srf.createUAS(req, res, { localSdp: SDP(4000) });
      }),
    { clock },
  );
  const a = await startApp(undefined, { clock });
  await a.srf.createUAC(`sip:answer@${b.address}`, { localSdp: SDP(5000) });
  const ringing = new Promise((resolve) => {
    const progress = { cbProvisional: resolve };
    a.srf.createUAC(`sip:ring@${b.address}`, { localSdp: SDP(5000) }, progress).catch(() => {});
  });
  await ringing;
  expect(clock.armed).toBeGreaterThan(0);
  await Promise.all([a.close(), b.close()]);
  expect(clock.armed).toBe(0);
  // Its ports are free again.
  const again = await startServer({ listen: b.server.contacts, control: b.server.control });
  expect(again.contacts).toEqual(b.server.contacts);
  await again.close();
});
