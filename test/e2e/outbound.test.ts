import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { DEMO_PAGE, startWorld, type World } from '../../src/cli/demo/world.ts';
import type { ConsumerCall, Dialed, DialedCall } from '../../src/sim/index.ts';
import { caller, graphOf, until, worlds } from './world.ts';

const { start, closeAll } = worlds({ flows: true });
afterEach(closeAll);

const rule = { trunk: 'phone1', page: DEMO_PAGE };

/** A world whose phone may call out. */
const outbound = (more: { rules?: object[]; outbound?: object; codecs?: ['G722'] } = {}): Promise<World> =>
  start({
    ...(more.codecs ? { codecs: more.codecs } : {}),
    configure: (yaml) => {
      yaml['outbound'] = { rules: more.rules ?? [rule], ...more.outbound };
    },
  });

async function dial(
  world: World,
  number: string = caller.psid,
  more: Partial<Dialed> = {},
): Promise<DialedCall> {
  const [at] = world.gateway.sipContacts;
  const phone = world.phones[0];
  if (!at || !phone) throw new Error('no SIP address or phone');
  return phone.dial({ number, host: at.address, port: at.port, ...more });
}

/** Dials somebody who permits it; the call at both ends. */
async function placed(world: World): Promise<{ phone: DialedCall; consumer: ConsumerCall }> {
  const next = world.simulator.nextPlaced();
  return { phone: await dial(world), consumer: await next };
}

const gone = (world: World): Promise<void> => until(() => world.gateway.calls === 0);

describe('a desk phone calls a consumer', () => {
  it('rings, is picked up, talks both ways by frequency, and ends when the phone hangs up', async () => {
    const world = await outbound();
    world.simulator.consumer({ ...caller, permission: true });
    const { phone, consumer } = await placed(world);
    await phone.ringing;
    await phone.answered;
    await Promise.all([phone.firstAudio, consumer.firstAudio]);
    await until(() => phone.heard().rxPackets > 150 && consumer.heard().rxPackets > 150);
    await phone.hangup();
    expect(await consumer.ended).toMatchObject({ status: 'Completed', by: 'business', action: 'terminate' });
    expect(Math.abs(consumer.heard().heardHz / 620 - 1)).toBeLessThan(0.02);
    expect(Math.abs(phone.heard().heardHz / 440 - 1)).toBeLessThan(0.02);
    expect(phone.progress).toEqual([180]);
    expect(await world.nextRecord()).toMatchObject({
      callId: consumer.id,
      direction: 'business_initiated',
      cause: 'phone-hangup',
      answered: true,
      target: 'phone1/201',
      codec: 'PCMU',
    });
    await gone(world);
    expect(graphOf(world)).toEqual(['permission', 'connect', 'terminate']);
  });

  it('ends when the consumer hangs up, without a word of ours', async () => {
    const world = await outbound({ codecs: ['G722'] });
    world.simulator.consumer({ ...caller, permission: true });
    const { phone, consumer } = await placed(world);
    await Promise.all([phone.firstAudio, consumer.firstAudio]);
    await consumer.hangup();
    expect(await phone.ended).toMatchObject({ by: 'gateway', how: 'BYE' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'consumer-hangup', codec: 'G722' });
    await gone(world);
    expect(graphOf(world)).toEqual(['permission', 'connect']);
  });

  it('the phone gives up while it rings: the consumer stops ringing', async () => {
    const world = await outbound();
    world.simulator.consumer({ ...caller, permission: true, whenCalled: { does: 'ignore' } });
    const { phone, consumer } = await placed(world);
    await phone.ringing;
    phone.cancel();
    expect((await phone.ended).failure).toMatchObject({ kind: 'cancelled' });
    expect(await consumer.ended).toMatchObject({ by: 'business', action: 'terminate' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'phone-cancelled', answered: false });
    await gone(world);
  });

  it('the phone gives up before Graph has named the call: it is ended as soon as it has a name', async () => {
    const world = await outbound();
    world.simulator.consumer({ ...caller, permission: true, whenCalled: { does: 'ignore' } });
    world.simulator.connectDelivery = { connect: { drop: true }, ringing: { drop: true } };
    world.simulator.faults.add({ action: 'connect', kind: 'slow', delayMs: 400 });
    const { phone, consumer } = await placed(world);
    phone.cancel();
    await phone.ended;
    expect(await consumer.ended).toMatchObject({ by: 'business', action: 'terminate' });
    expect(await world.nextRecord()).toMatchObject({ callId: consumer.id, cause: 'phone-cancelled' });
    await gone(world);
  });

  it.each([
    ['declines', 'decline'],
    ['does not answer', 'ignore'],
  ] as const)('the consumer %s: 480', async (_, does) => {
    const world = await outbound({ outbound: { ringTimeoutMs: 5_000 } });
    world.simulator.consumer({ ...caller, permission: true, whenCalled: { does } });
    const { phone } = await placed(world);
    expect((await phone.ended).failure).toMatchObject({ status: 480 });
    expect(await world.nextRecord()).toMatchObject({
      cause: does === 'decline' ? 'not-taken' : 'no-answer',
      answered: false,
    });
    await gone(world);
  });
});

describe('webhooks of a call that a phone places', () => {
  it('overtake the reply to connect, all of them', async () => {
    const world = await outbound();
    world.simulator.consumer({ ...caller, permission: true, whenCalled: { ringAfterMs: 0, afterMs: 0 } });
    world.simulator.faults.add({ action: 'connect', kind: 'slow', delayMs: 700 });
    const { phone, consumer } = await placed(world);
    await Promise.all([phone.firstAudio, consumer.firstAudio]);
    await phone.hangup();
    expect(await world.nextRecord()).toMatchObject({ answered: true, callId: consumer.id });
    await gone(world);
  });

  it('come in any order and twice', async () => {
    const world = await outbound();
    world.simulator.connectDelivery = {
      copies: 2,
      connect: { after: 'accepted' },
      ringing: { after: 'accepted' },
      accepted: { after: 'media_update' },
    };
    world.simulator.consumer({ ...caller, permission: true });
    const { phone, consumer } = await placed(world);
    await Promise.all([phone.firstAudio, consumer.firstAudio]);
    expect(phone.progress.filter((status) => status === 180).length).toBeLessThanOrEqual(1);
    await consumer.hangup();
    expect(await phone.ended).toMatchObject({ how: 'BYE' });
    await world.nextRecord();
    await gone(world);
  });

  it('accepted is lost: the media_update proves the pickup', async () => {
    const world = await outbound();
    world.simulator.connectDelivery = { accepted: { drop: true } };
    world.simulator.consumer({ ...caller, permission: true });
    const { phone, consumer } = await placed(world);
    await Promise.all([phone.firstAudio, consumer.firstAudio]);
    await phone.hangup();
    expect(await world.nextRecord()).toMatchObject({ answered: true });
    await gone(world);
  });
});

describe('the reply to connect', () => {
  it.each(['reset-after', 'hang-after'] as const)(
    'is lost (%s): never twice, and what rings is ended',
    async (kind) => {
      const world = await start({
        configure: (yaml) => {
          yaml['outbound'] = { rules: [rule] };
          (yaml['meta'] as Record<string, unknown>)['acceptTimeoutMs'] = 800;
        },
      });
      world.simulator.consumer({ ...caller, permission: true, whenCalled: { does: 'ignore' } });
      world.simulator.faults.add({ action: 'connect', kind });
      const { phone, consumer } = await placed(world);
      expect((await phone.ended).failure).toMatchObject({ status: 504 });
      expect(await consumer.ended).toMatchObject({ by: 'business' });
      expect(await world.nextRecord()).toMatchObject({ cause: 'connect-failed' });
      await gone(world);
      expect(graphOf(world).filter((action) => action === 'connect')).toHaveLength(1);
    },
  );

  it.each([
    ['throttled', { code: 613 }, 503],
    ['no such person', { code: 100, subcode: 2018001 }, 404],
    ['settings off', { code: 100, subcode: 1893056 }, 403],
    ['our SDP', { code: 2018392 }, 488],
    ['the token', { code: 190 }, 500],
  ])('is an error (%s): the phone is told by its status', async (_, error, status) => {
    const world = await outbound();
    world.simulator.consumer({ ...caller, permission: true });
    world.simulator.faults.add({ action: 'connect', kind: 'error', ...error });
    const phone = await dial(world);
    expect((await phone.ended).failure).toMatchObject({ status });
    await world.nextRecord();
    await gone(world);
  });

  it('says throttled in another way where the PBX wants it', async () => {
    const world = await outbound({ outbound: { throttleStatus: 480 } });
    world.simulator.consumer({ ...caller, permission: true });
    world.simulator.faults.add({ action: 'connect', kind: 'error', code: 4 });
    expect((await (await dial(world)).ended).failure).toMatchObject({ status: 480 });
    await world.nextRecord();
    await gone(world);
  });
});

describe('permission', () => {
  it('is missing: 403 that the phone can show, and nobody is disturbed', async () => {
    const world = await outbound();
    world.simulator.consumer(caller);
    const phone = await dial(world);
    expect((await phone.ended).failure).toMatchObject({ status: 403, reason: 'No Permission To Call' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'no-permission', sipStatus: 403 });
    await gone(world);
    expect(graphOf(world)).toEqual(['permission']);
  });

  it.each(['reference', 'guide'] as const)(
    'is asked for once where the rule says so, and the approved call goes through (%s form)',
    async (form) => {
      const world = await outbound({ rules: [{ ...rule, requestPermission: true }] });
      world.simulator.permissionForm = form;
      world.simulator.consumer({ ...caller, whenAsked: { does: 'approve', afterMs: 600 } });
      const first = await dial(world);
      expect((await first.ended).failure).toMatchObject({ status: 403, reason: 'Permission Requested' });
      await gone(world);
      const again = await dial(world);
      expect((await again.ended).failure).toMatchObject({ reason: 'Permission Requested Before' });
      await gone(world);
      expect(graphOf(world)).toEqual(['permission', 'message', 'permission']);
      await until(() => world.simulator.consumers.permissions.until(caller.psid, Date.now()) !== undefined);
      const { phone, consumer } = await placed(world);
      await Promise.all([phone.firstAudio, consumer.firstAudio]);
      await phone.hangup();
      for (let i = 0; i < 3; i++) await world.nextRecord();
      await gone(world);
    },
  );
});

describe('whom a phone may call', () => {
  it.each([
    ['a number that is none', 'nobody', 404, 'Unknown Number'],
    ['a short number that nobody has', '7001', 404, 'Unknown Number'],
    ['somebody whom Meta does not know', '7000000000000001', 404, undefined],
  ])('%s', async (_, number, status, reason) => {
    const world = await outbound();
    const { failure } = await (await dial(world, number)).ended;
    expect(failure).toMatchObject({ status, ...(reason ? { reason } : {}) });
    await gone(world);
  });

  it('nobody without a rule', async () => {
    const world = await start();
    expect((await (await dial(world)).ended).failure).toMatchObject({ status: 403 });
  });

  it('whoever shows the password, where a trunk wants one', async () => {
    const world = await start({
      configure: (yaml) => {
        yaml['outbound'] = { rules: [rule] };
        const { phone1 } = yaml['trunks'] as Record<string, Record<string, unknown>>;
        Object.assign(phone1 ?? {}, { callers: { username: 'desk', password: '${PAGE_TOKEN}' } });
      },
    });
    world.simulator.consumer({ ...caller, permission: true });
    expect((await (await dial(world)).ended).failure).toMatchObject({ status: 401 });
    const wrong = { credentials: { username: 'desk', password: 'x' } };
    expect((await (await dial(world, caller.psid, wrong)).ended).failure).toMatchObject({ status: 401 });
    expect(graphOf(world)).toEqual([]);
    const next = world.simulator.nextPlaced();
    const right = { credentials: { username: 'desk', password: 'demo-page-token' } };
    const phone = await dial(world, caller.psid, right);
    const consumer = await next;
    await Promise.all([phone.firstAudio, consumer.firstAudio]);
    await phone.hangup();
    await world.nextRecord();
    await gone(world);
  });

  it('not a person of a Page that no rule of its trunk names, though the short number is known', async () => {
    const world = await start({
      configure: (yaml) => {
        const { pages } = yaml['meta'] as { pages: Record<string, unknown>[] };
        pages.push({ ...pages[0], id: '999' });
        yaml['outbound'] = {
          rules: [{ trunk: 'phone1', page: '999' }],
          directory: { first: 7001, last: 7099 },
        };
      },
    });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const rung = await world.phones[0]?.nextCall();
    expect(rung?.callerUser).toBe('7001');
    await Promise.all([call.firstAudio, rung?.firstAudio]);
    await call.hangup();
    await world.nextRecord();
    await gone(world);
    expect((await (await dial(world, '7001')).ended).failure).toMatchObject({ status: 404 });
    expect(graphOf(world)).toEqual(['accept']);
  });

  it('one consumer once at a time', async () => {
    const world = await outbound();
    world.simulator.consumer({ ...caller, permission: true, whenCalled: { does: 'ignore' } });
    const { phone } = await placed(world);
    await phone.ringing;
    expect((await (await dial(world)).ended).failure).toMatchObject({ status: 486 });
    phone.cancel();
    await world.nextRecord();
    await gone(world);
  });

  it('Redial: a caller has a short number, and it rings the same person', async () => {
    const world = await outbound({ outbound: { directory: { first: 7001, last: 7099 } } });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const rung = await world.phones[0]?.nextCall();
    expect(rung?.callerUser).toBe('7001');
    expect(rung?.header('x-meta-psid')).toBe(caller.psid);
    await Promise.all([call.firstAudio, rung?.firstAudio]);
    await call.hangup();
    await world.nextRecord();
    await gone(world);
    // The connected call is a grant.
    const next = world.simulator.nextPlaced();
    const phone = await dial(world, '7001');
    const consumer = await next;
    expect(consumer.psid).toBe(caller.psid);
    await Promise.all([phone.firstAudio, consumer.firstAudio]);
    await phone.hangup();
    await world.nextRecord();
    await gone(world);
  });
});

describe('trouble', () => {
  it('the media worker dies in the call: both ends are told', async () => {
    const world = await outbound();
    world.simulator.consumer({ ...caller, permission: true });
    const { phone, consumer } = await placed(world);
    await Promise.all([phone.firstAudio, consumer.firstAudio]);
    await world.gateway.crashMediaWorker();
    expect(await phone.ended).toMatchObject({ how: 'BYE' });
    expect(await consumer.ended).toMatchObject({ by: 'business' });
    expect(await world.nextRecord()).toMatchObject({ cause: 'media-failed' });
    await gone(world);
    const isBack = (): Promise<boolean> =>
      world.gateway.inventory().then(
        () => true,
        () => false,
      );
    await until(isBack);
  });

  it('the gateway closes while it rings: 503 and terminate', async () => {
    const world = await startWorld({
      configure: (yaml) => {
        yaml['outbound'] = { rules: [rule] };
      },
    });
    onTestFinished(() => world.close());
    world.simulator.consumer({ ...caller, permission: true, whenCalled: { does: 'ignore' } });
    const { phone, consumer } = await placed(world);
    await phone.ringing;
    const closing = world.gateway.close();
    expect((await phone.ended).failure).toMatchObject({ status: 503 });
    await closing;
    expect(consumer.end).toMatchObject({ by: 'business', action: 'terminate' });
    expect(world.gateway.calls).toBe(0);
  });
});
