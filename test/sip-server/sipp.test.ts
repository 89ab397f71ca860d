import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type App, SDP, startApp } from './support/app.ts';
import { hasSipp, startSipp } from './support/sipp.ts';
import type { SipError, Srf, SrfDialog, SrfRequest, SrfResponse } from './support/srf.ts';

const scenario = (name: string): string => join(import.meta.dirname, 'scenarios', name);

const DRACHTIO_SCENARIOS = join(import.meta.dirname, '../../node_modules/drachtio-srf/test/scenarios');

const apps: App[] = [];
const app = async (routes?: (srf: Srf) => void): Promise<App> => {
  const started = await startApp(routes);
  apps.push(started);
  return started;
};
afterEach(async () => {
  await Promise.all(apps.splice(0).map((each) => each.close()));
});

const answer = (srf: Srf): void =>
  srf.invite((req, res) => {
    res.send(180);
    void srf.createUAS(req, res, { localSdp: SDP(4000) });
  });

describe.runIf(hasSipp())('sipp', () => {
  test('calls us: 50 calls, 25 a second', async () => {
    const a = await app(answer);
    const sipp = await startSipp(['-sn', 'uac', '-m', '50', '-r', '25', '-d', '20'], a.address);
    await sipp.done;
    expect(a.server.stats()).toMatchObject({ dialogs: 0, requestsIn: { INVITE: 50, ACK: 50, BYE: 50 } });
  });

  test('calls us and loses 10 % of the packets both ways', async () => {
    const a = await app(answer);
    const sipp = await startSipp(
      ['-sn', 'uac', '-m', '20', '-r', '20', '-d', '20', '-lost', '10'],
      a.address,
    );
    await sipp.done;
    const { requestsIn, retransmissionsIn, retransmissionsOut } = a.server.stats();
    expect(requestsIn).toMatchObject({ INVITE: 20 });
    expect(retransmissionsIn + retransmissionsOut).toBeGreaterThan(0);
  });

  test('answers 30 calls of ours, and hears our BYE', async () => {
    const sipp = await startSipp(['-sn', 'uas', '-m', '30']);
    const a = await app();
    const calls = await Promise.all(
      Array.from({ length: 30 }, () =>
        a.srf.createUAC(`sip:service@127.0.0.1:${sipp.port}`, { localSdp: SDP(5000) }),
      ),
    );
    await Promise.all(calls.map((dialog) => dialog.destroy()));
    await sipp.done;
    // A busy sipp repeats responses whose transactions are over.
    expect(a.server.stats()).toMatchObject({ dialogs: 0 });
  });

  test('acknowledges a reliable 180 with PRACK (a scenario of drachtio-srf)', async () => {
    const a = await app((srf) =>
      srf.invite((req, res) => {
        const prack = (): void => void srf.createUAS(req, res, { localSdp: SDP(4000) });
        res.send(180, { headers: { Require: '100rel' } }, undefined, prack);
      }),
    );
    const file = join(DRACHTIO_SCENARIOS, 'uac-prack.xml');
    const sipp = await startSipp(['-sf', file, '-m', '1'], a.address);
    await sipp.done;
    expect(a.server.stats()).toMatchObject({ dialogs: 0, responsesOut: { PRACK: { 200: 1 } } });
  });

  test('challenges our INVITE', async () => {
    const sipp = await startSipp(['-sf', scenario('uas-digest.xml'), '-m', '1']);
    const a = await app();
    const auth = { username: 'gw', password: 'secret' };
    const dialog = await a.srf.createUAC(`sip:service@127.0.0.1:${sipp.port}`, { localSdp: SDP(5000), auth });
    await dialog.destroy();
    await sipp.done;
  });

  test('rings until we cancel', async () => {
    const sipp = await startSipp(['-sf', scenario('uas-cancel.xml'), '-m', '1']);
    const a = await app();
    let sent: SrfRequest | undefined;
    const error = (await a.srf
      .createUAC(
        `sip:service@127.0.0.1:${sipp.port}`,
        { localSdp: SDP(5000) },
        {
          cbRequest: (_error, req) => {
            sent = req;
          },
          cbProvisional: () => sent?.cancel(),
        },
      )
      .catch((e) => e)) as SipError;
    expect(error.status).toBe(487);
    await sipp.done;
  });

  test('cancels while we ring', async () => {
    let cancelled: Promise<unknown> | undefined;
    const a = await app((srf) =>
      srf.invite((req, res) => {
        cancelled = once(req, 'cancel');
        res.send(180);
      }),
    );
    const sipp = await startSipp(['-sf', scenario('uac-cancel.xml'), '-m', '1'], a.address);
    await sipp.done;
    await cancelled;
    expect(a.server.stats().dialogs).toBe(0);
  });

  test('puts us on hold through a record-routing path, then hangs up', async () => {
    const sipp = await startSipp(['-sf', scenario('uas-hold.xml'), '-m', '1']);
    const a = await app();
    const dialog = await a.srf.createUAC(`sip:service@127.0.0.1:${sipp.port}`, { localSdp: SDP(5000) });
    const [req, res] = (await once(dialog, 'modify')) as [SrfRequest, SrfResponse];
    expect(req.body).toContain('a=sendonly');
    const destroyed = once(dialog as SrfDialog, 'destroy');
    res.send(200, { body: SDP(5000).replace('sendrecv', 'recvonly') });
    await destroyed;
    await sipp.done;
    expect(a.server.stats().dialogs).toBe(0);
  });
});
