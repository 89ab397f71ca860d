import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { Ledger, MESSENGER } from '../../src/call/index.ts';
import { parseConfig } from '../../src/config/index.ts';
import { accountsOf } from '../../src/gateway/accounts.ts';
import { Admission } from '../../src/gateway/admission.ts';
import { Calls } from '../../src/gateway/calls.ts';
import type { MediaPlane } from '../../src/gateway/media/plane.ts';
import { PlacedCalls } from '../../src/gateway/placed-calls.ts';
import { TrunkDesk } from '../../src/gateway/trunks/desk.ts';
import { GraphClient } from '../../src/meta/index.ts';
import { createLogger } from '../../src/observe/index.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { MetaSimulator } from '../../src/sim/index.ts';
import type { IncomingInvite } from '../../src/sip/index.ts';
import { Directory, noJournal } from '../../src/store/index.ts';

const example = readFileSync(new URL('../../config/example.yaml', import.meta.url), 'utf8');
const PAGE = '102030405060708';

interface Made {
  readonly calls: Calls;
  readonly admission: Admission;
  readonly trunks: TrunkDesk;
  readonly simulator: MetaSimulator;
  readonly records: object[];
}

/** All calls of a gateway that has no media and no SIP. @param change of its configuration */
async function made(busy: boolean, change: (yaml: Record<string, object>) => void = () => {}): Promise<Made> {
  const env = { META_APP_SECRET: 's', META_VERIFY_TOKEN: 'v', META_PAGE_TOKEN: 't' };
  const yaml = parse(example) as Record<string, object>;
  change(yaml);
  const config = parseConfig(JSON.stringify(yaml), { env, readFile: () => '' });
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  const simulator = await MetaSimulator.start({ pageId: PAGE, accessToken: 't', appSecret: 's' });
  onTestFinished(() => simulator.close());
  const log = createLogger({ level: 'silent' });
  const graph = new GraphClient({
    baseUrl: simulator.graphUrl,
    version: 'v26.0',
    credentials: () => ({ accessToken: 't', appSecret: 's' }),
    sendAppSecretProof: true,
    timeouts: { acceptMs: 5_000, endMs: 5_000, profileMs: 1_000, permissionMs: 1_000 },
    clock: systemClock,
    log,
    random: Math.random,
  });
  onTestFinished(() => graph.close());
  const placed = new PlacedCalls(systemClock, () => {});
  onTestFinished(() => placed.close());
  const records: object[] = [];
  const directory = new Directory({ first: 700, last: 799 }, () => {
    throw new Error('a bug');
  });
  const never = {} as never;
  const plane = {
    isFull: (limit: number) => busy && limit === 0.9,
    stats: [] as const,
  } as unknown as MediaPlane;
  // No time goes by between two calls.
  const clock = new FakeClock();
  const admission = new Admission({ limits: config.value.limits, plane: () => plane, clock });
  onTestFinished(() => admission.close());
  const trunks = new TrunkDesk({ trunks: config.value.trunks, clock: systemClock, log, random: Math.random });
  const calls = new Calls({
    config: config.value,
    clock: systemClock,
    log,
    accounts: accountsOf(config.value.meta, { messenger: graph, whatsapp: graph }),
    ledger: new Ledger(),
    placed,
    admission,
    trunks,
    parts: () => ({ plane, sip: never, journal: noJournal, directory }),
    onStarted: () => {},
    onRecord: async (record) => void records.push(record),
  });
  return { calls, admission, trunks, simulator, records };
}

it.each([
  ['that a bug kept from ringing', false, 'bug'],
  ['that comes while all media workers are busy', true, 'over-limit'],
] as const)('rejects and records a call %s', async (_name, busy, detail) => {
  const { calls, simulator, records } = await made(busy);
  const call = simulator.consumer({ psid: '7' }).call({ toneHz: 440 });
  await calls.take({
    callId: call.id,
    platform: MESSENGER,
    pageId: PAGE,
    psid: '7',
    direction: 'user_initiated',
    receivedAtMs: Date.now(),
  });
  expect(await call.ended).toMatchObject({ by: 'business', action: 'reject' });
  await calls.shutDown(5_000);
  expect(calls.size).toBe(0);
  expect(records).toMatchObject([
    { callId: call.id, cause: 'missed', detail, endedBy: 'gateway', meta: { reject: 'done' } },
  ]);
});

it('calls of a trunk that has no room for them do not spend the set-ups that others have a right to', async () => {
  const { calls, admission, trunks } = await made(false, (yaml) => {
    yaml['limits'] = { ...yaml['limits'], setupsPerSecond: 1 };
    yaml['outbound'] = { rules: [{ trunk: 'pbx', page: PAGE }] };
    Object.assign((yaml['trunks'] as Record<string, object>)['pbx'] ?? {}, { maxCalls: 1 });
  });
  const seat = trunks.board.take('pbx', 'in');
  const told: string[] = [];
  const person = { uri: 'sip:100@192.0.2.20', user: '100', displayName: '' };
  const invite = {
    ...{
      callId: 'a',
      uri: 'sip:2468135792468135@192.0.2.10',
      user: '2468135792468135',
      from: person,
      to: person,
    },
    source: { protocol: 'udp', address: '192.0.2.20', port: 5060 },
    sdp: undefined,
    header: () => undefined,
    allows: () => false,
    reject: (status: number, { phrase = '' }: { phrase?: string } = {}) =>
      void told.push(`${status} ${phrase}`),
  };
  for (let i = 0; i < 5; i++) calls.place(invite as unknown as IncomingInvite);
  expect(told).toEqual(Array(5).fill('503 Too Many Calls On This Trunk'));
  expect([1, 2, 3].map(() => admission.refuse(0) ?? 'in')).toEqual(['in', 'in', 'rate']);
  // Refused for another reason, they leave their seat.
  if (seat.ok) seat.release();
  calls.place(invite as unknown as IncomingInvite);
  expect(told.at(-1)).toBe('503 Too Many Calls');
  expect(trunks.list()).toMatchObject([{ calls: { in: 0, out: 0 } }]);
});
