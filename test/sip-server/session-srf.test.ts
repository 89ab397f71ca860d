import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import type { TraceEvent } from '../../src/sip-server/index.ts';
import { type App, SDP, startApp } from './support/app.ts';
import type { Srf, SrfDialog, SrfMessage, SrfRequest, SrfResponse } from './support/srf.ts';

/** An unmodified drachtio-srf application on a server whose clock the test moves. */
interface Side extends App {
  readonly clock: FakeClock;
  /** Resolves with the next message on its wire that begins so. */
  next(direction: 'in' | 'out', start: string): Promise<string>;
}

const sides: Side[] = [];
afterEach(async () => {
  await Promise.all(sides.splice(0).map((each) => each.close()));
});

async function side(routes?: (srf: Srf) => void): Promise<Side> {
  const clock = new FakeClock();
  const waiting = new Set<(event: TraceEvent) => void>();
  const trace = (event: TraceEvent): void => {
    for (const each of waiting) each(event);
  };
  const next: Side['next'] = (direction, start) =>
    new Promise((resolve) => {
      const check = (event: TraceEvent): void => {
        const text = event.message.toString();
        if (event.direction !== direction || !text.startsWith(start)) return;
        waiting.delete(check);
        resolve(text);
      };
      waiting.add(check);
    });
  const it = { ...(await startApp(routes, { clock, trace })), clock, next };
  sides.push(it);
  return it;
}

interface Call {
  readonly a: Side;
  readonly b: Side;
  readonly uac: SrfDialog;
  readonly uas: SrfDialog;
}

/** A calls B, with these headers of the INVITE and of the 200. */
async function call(invite: Record<string, string>, answer: Record<string, string> = {}): Promise<Call> {
  let answered: Promise<SrfDialog> | undefined;
  const b = await side((srf) =>
    srf.invite((req, res) => {
      answered = srf.createUAS(req, res, { localSdp: SDP(4000), headers: answer });
    }),
  );
  const a = await side();
  const acknowledged = b.next('in', 'ACK ');
  const uac = await a.srf.createUAC(`sip:bob@${b.address}`, { localSdp: SDP(5000), headers: invite });
  await acknowledged;
  return { a, b, uac, uas: await answered! };
}

test('the caller refreshes: its application sees nothing, the callee sees a re-INVITE', async () => {
  const { a, b, uac, uas } = await call({ Supported: 'timer', 'Session-Expires': '1800;refresher=uac' });
  let seen = 0;
  for (const event of ['modify', 'refresh', 'destroy']) uac.on(event, () => seen++);
  for (let round = 0; round < 3; round++) {
    const modified = once(uas, 'modify') as Promise<[SrfRequest, SrfResponse]>;
    const acknowledged = b.next('in', 'ACK ');
    a.clock.advance(905_000);
    const [req, res] = await modified;
    expect(req.body).toBe(SDP(5000));
    expect(req.get('Session-Expires')).toBe('1800;refresher=uac');
    res.send(200, { body: SDP(4000) });
    await acknowledged;
    b.clock.advance(905_000);
  }
  expect(seen).toBe(0);
  // The application's own re-INVITE works on, and carries the terms.
  const modified = once(uas, 'modify') as Promise<[SrfRequest, SrfResponse]>;
  const answer = uac.modify(SDP(5002));
  const [req, res] = await modified;
  expect(req.get('Session-Expires')).toBe('1800;refresher=uac');
  res.send(200, { body: SDP(4002) });
  expect(await answer).toBe(SDP(4002));
  expect([a.server.stats().dialogs, b.server.stats().dialogs]).toEqual([1, 1]);
});

test('the callee asks for the timer and refreshes', async () => {
  const { a, b, uac } = await call({ Supported: 'timer' }, { 'Session-Expires': '600;refresher=uas' });
  a.clock.advance(500_000);
  const modified = once(uac, 'modify') as Promise<[SrfRequest, SrfResponse]>;
  const acknowledged = a.next('in', 'ACK ');
  b.clock.advance(305_000);
  const [req, res] = await modified;
  expect(req.body).toBe(SDP(4000));
  res.send(200, { body: SDP(5000) });
  await acknowledged;
  a.clock.advance(500_000);
  expect(a.server.stats().dialogs).toBe(1);
});

test('nobody refreshes: both applications are told that the call is over, and why', async () => {
  const { a, b, uac, uas } = await call({ Supported: 'timer', 'Session-Expires': '90;refresher=uac' });
  const told = once(uac, 'destroy') as Promise<[SrfMessage]>;
  const hung = once(uas, 'destroy') as Promise<[SrfMessage]>;
  // A's clock stands still: to B, A does not refresh.
  b.clock.advance(60_000);
  const [here] = await hung;
  expect(here.source).toBe('application');
  expect(here.get('Reason')).toMatch(/Session timer expired/);
  const [there] = await told;
  expect(there.source).toBe('network');
  expect(there.get('Reason')).toMatch(/Session timer expired/);
  await expect.poll(() => [a.server.stats().dialogs, b.server.stats().dialogs]).toEqual([0, 0]);
});

test('422 to the first INVITE reaches the application with its Min-SE', async () => {
  const failed = (await call({ Supported: 'timer', 'Session-Expires': '60' }).catch((error) => error)) as {
    status: number;
    res: SrfMessage;
  };
  expect(failed.status).toBe(422);
  expect(failed.res.get('Min-SE')).toBe('90');
});
