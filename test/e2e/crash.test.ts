import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, vi } from 'vitest';
import { DeskPhone, MetaSimulator } from '../../src/sim/index.ts';
import { APP_SECRET, GatewayProcess, PAGE, PAGE_TOKEN } from '../support/gateway-process.ts';
import { itEmbedded, until } from './world.ts';

const closers: (() => unknown)[] = [];
/** Three starts of a process. */
vi.setConfig({ testTimeout: 120_000 });

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A gateway in a process that can be killed, and the files that outlive it. */
async function site() {
  const folder = mkdtempSync(join(tmpdir(), 'msgw-crash-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  const simulator = await MetaSimulator.start({
    pageId: PAGE,
    accessToken: PAGE_TOKEN,
    appSecret: APP_SECRET,
    appId: 'app',
  });
  closers.push(() => simulator.close());
  const quick = await DeskPhone.start({ codecs: ['PCMU'], toneHz: 620, ringMs: 0 });
  const slow = await DeskPhone.start({ codecs: ['PCMU'], toneHz: 620, ringMs: 60_000 });
  closers.push(() => Promise.all([quick.close(), slow.close()]));
  const [journal, records] = [join(folder, 'journal'), join(folder, 'records')];
  /** The phone's answers go where its call came from. */
  let sip: unknown;
  const gateway = async (phone: DeskPhone): Promise<GatewayProcess> => {
    const { host, port } = phone;
    const started = await GatewayProcess.start({
      graphUrl: simulator.graphUrl,
      phone: { host, port },
      codec: 'PCMU',
      opusComplexity: 0,
      maxCalls: 20,
      launcher: [],
      configure: (yaml) => {
        Object.assign(yaml, { journal: { path: journal }, records: { path: records } });
        yaml['outbound'] = { rules: [{ trunk: 'phone', page: PAGE }] };
        sip ??= yaml['sip'];
        yaml['sip'] = sip;
      },
    });
    closers.push(() => started.kill());
    simulator.setWebhookUrl(started.webhookUrl);
    return started;
  };
  const read = (path: string): Record<string, unknown>[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  return {
    simulator,
    quick,
    slow,
    gateway,
    records: () => read(records),
    wills: () => read(`${journal}.sip`),
  };
}

const caller = (psid: string) => ({ psid, name: 'Amina Otieno' });

itEmbedded(
  'a gateway that was killed ends its calls on both sides when it is started again, and rings none twice',
  async () => {
    const { simulator, quick, gateway, records, wills } = await site();
    const first = await gateway(quick);
    const talking = simulator.consumer(caller('7000000001')).call({ toneHz: 440 });
    const phone = await quick.nextCall();
    await Promise.all([talking.firstAudio, phone.firstAudio]);
    await until(() => wills().some(({ item }) => (item as { method: string }).method === 'BYE'));
    await first.kill();

    const second = await gateway(quick);
    expect(await talking.ended).toMatchObject({ by: 'business', action: 'terminate' });
    expect(await phone.ended).toEqual({ by: 'gateway', how: 'BYE' });
    await until(() => records().length > 0);

    // Meta delivers the connect once more; what is dead shall not ring.
    const timestamp = Math.floor(Date.now() / 1000);
    const again = { id: talking.id, event: 'connect', from: '7000000001', to: PAGE, timestamp };
    const calls = [{ ...again, call_direction: 'user_initiated' }];
    const body = JSON.stringify({ object: 'page', entry: [{ id: PAGE, time: timestamp, calls }] });
    expect(await simulator.webhooks.raw(body)).toBe(200);
    const next = simulator.consumer(caller('7000000002')).call({ toneHz: 440 });
    await next.firstAudio;
    await next.hangup();
    await until(() => records().some(({ callId }) => callId === next.id));
    expect(quick.calls).toHaveLength(2);
    expect(records().filter(({ callId }) => callId === talking.id)).toMatchObject([
      { cause: 'crash', answered: true, target: 'phone/100', meta: { accept: 'done', terminate: 'done' } },
    ]);

    await second.stop();
    const third = await gateway(quick);
    await third.stop();
    expect(records().filter(({ cause }) => cause === 'crash')).toHaveLength(1);
    expect(simulator.requests.filter(({ action }) => action === 'accept')).toHaveLength(2);
  },
);

itEmbedded(
  'a call that rang when the gateway was killed is rejected, and the phone stops ringing',
  async () => {
    const { simulator, slow, gateway, records, wills } = await site();
    const first = await gateway(slow);
    const ringing = simulator.consumer(caller('7000000003')).call({ toneHz: 440 });
    const phone = await slow.nextCall();
    await until(() => wills().some(({ item }) => (item as { method: string }).method === 'CANCEL'));
    await first.kill();

    await gateway(slow);
    expect(await ringing.ended).toMatchObject({ by: 'business', action: 'reject' });
    expect(await phone.ended).toEqual({ by: 'gateway', how: 'CANCEL' });
    await until(() => records().length > 0);
    expect(records()).toMatchObject([{ callId: ringing.id, cause: 'crash', answered: false }]);
  },
);

itEmbedded('a phone that was calling when the gateway was killed is refused by the next one', async () => {
  const { simulator, slow, gateway, wills } = await site();
  const first = await gateway(slow);
  const consumer = { ...caller('7000000004'), permission: true, whenCalled: { does: 'ignore' } as const };
  simulator.consumer(consumer);
  const placed = simulator.nextPlaced();
  const phone = await slow.dial({ number: '7000000004', host: '127.0.0.1', port: first.sipPort });
  const call = await placed;
  await phone.ringing;
  await until(() => wills().some(({ item }) => (item as { method?: string })?.method === 'INVITE'));
  await first.kill();

  await gateway(slow);
  expect(await phone.ended).toMatchObject({ how: '503' });
  expect(await call.ended).toMatchObject({ by: 'business', action: 'terminate' });
});
