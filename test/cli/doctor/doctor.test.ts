import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { diagnose } from '../../../src/cli/doctor/doctor.ts';
import { CHECK_IDS, CHECKS } from '../../../src/cli/doctor/ids.ts';
import { askOptions } from '../../../src/cli/doctor/probes/options.ts';
import { loadConfig } from '../../../src/config/index.ts';
import { Gateway } from '../../../src/gateway/index.ts';
import { createLogger } from '../../../src/observe/index.ts';
import { systemClock } from '../../../src/shared/clock.ts';
import { MetaSimulator } from '../../../src/sim/index.ts';
import { SmallDisk } from '../../chaos/small-disk.ts';
import { runSeed } from './support/run-seed.ts';
import { SEEDS } from './support/seeds.ts';
import { APP, type Diagnosis, DoctorWorld, PAGE, SECRETS } from './support/world.ts';

async function healthy(): Promise<DoctorWorld> {
  const world = await DoctorWorld.start();
  onTestFinished(() => world.close());
  return world;
}

const wrong = (checks: readonly { check: string; status: string; message: string }[]): string[] =>
  checks
    .filter(({ status }) => status === 'fail' || status === 'warn')
    .map(({ check, status, message }) => `${check} ${status}: ${message}`);

/** Only root may mount the disk that is filled; CI is root, and says so by finding all of them. */
const seeds = process.getuid?.() === 0 ? SEEDS : SEEDS.filter(({ check }) => check !== 'disk');

describe('a world that is right', () => {
  it('has nothing wrong, says so of every check, and tells no secret', async () => {
    const world = await healthy();
    const { code, out, err, checks } = await world.doctor();
    expect(wrong(checks)).toEqual([]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect([...new Set(checks.map(({ check }) => check))]).toEqual(CHECK_IDS);
    const looked = checks.filter(({ status }) => status === 'skipped').map(({ check }) => check);
    expect(looked).toEqual(['certificates', 'sip-server', 'trunk-certificate']);
    for (const secret of Object.values(SECRETS)) expect(out).not.toContain(secret);
    expect(JSON.parse(out)).toMatchObject({ ok: true, counts: { warn: 0, fail: 0, skipped: 3 } });
  });

  it('is told in lines that people read, with a remedy under what is wrong', async () => {
    const world = await healthy();
    world.pbx.status = '403 Forbidden';
    world.writeConfig();
    const { code, out } = await world.run('doctor', '--config', world.configFile, '--stun', world.stun.place);
    expect(code).toBe(1);
    expect(out).toMatch(/^ok +token +102030405060708: valid$/m);
    expect(out).toMatch(
      /^FAIL trunk-options +pbx: udp 127.0.0.1:\d+ answers 403 Forbidden: .*\n +Remedy: Name/m,
    );
    expect(out).toMatch(/\d+ right, 0 to look at, 1 wrong, \d+ not looked at\n$/);
  });
});

describe('--only and --offline', () => {
  it('asks what is wanted, and nothing else', async () => {
    const world = await healthy();
    const { checks } = await world.doctor('--only', 'node,trunk-options');
    expect(checks.map(({ check, status }) => `${check} ${status}`)).toEqual(['node ok', 'trunk-options ok']);
    expect(world.simulator.requests).toEqual([]);
  });

  it('offline: nobody is asked, and what needs somebody is skipped', async () => {
    const world = await healthy();
    const { code, checks } = await world.doctor('--offline');
    expect(code).toBe(0);
    expect(world.simulator.requests).toEqual([]);
    const skipped = checks.filter(({ status }) => status === 'skipped').map(({ check }) => check);
    expect(skipped).toEqual(
      expect.arrayContaining(['graph', 'token', 'udp', 'trunk-options', 'webhook-reachable']),
    );
    expect(checks.find(({ check }) => check === 'disk')).toMatchObject({ status: 'ok' });
  });

  it('a check that there is not is wrong usage', async () => {
    const world = await healthy();
    world.writeConfig();
    const { code, err } = await world.run('doctor', '--config', world.configFile, '--only', 'tokens');
    expect(code).toBe(2);
    expect(err).toContain('There is no check "tokens"');
  });
});

describe('a configuration that no gateway would start with', () => {
  const byCheck = (checks: readonly Diagnosis[], wanted: string): string[] =>
    checks
      .filter(({ check }) => check === wanted)
      .map(({ status, about, message }) => `${status} ${about ?? ''}: ${message}`);

  it('a folder that is not there keeps nothing else from being found', async () => {
    const world = await healthy();
    world.config.journal.path = join(world.folder, 'nowhere', 'journal.jsonl');
    world.pbx.status = '403 Forbidden';
    const { code, checks } = await world.doctorHere();
    expect(code).toBe(1);
    expect(wrong(checks).map((each) => each.split(':', 1)[0])).toEqual([
      'configuration fail',
      'trunk-options fail',
    ]);
    expect(byCheck(checks, 'disk')).toEqual([
      expect.stringMatching(/^ok .*data: /),
      'skipped journal.path: see configuration',
    ]);
    expect(byCheck(checks, 'token')).toEqual([`ok ${PAGE}: valid`]);
  });

  it('says nothing of what it cannot know, and all of the rest', async () => {
    const world = await healthy();
    Object.assign(world.config.limits, { maxCalls: 10, maxCals: 300 });
    Object.assign(world.config.meta.pages[0] ?? {}, { accessToken: '${MSGW_TEST_NOBODY_SET_IT}' });
    Object.assign(world.config.trunks, { other: { host: '192.0.2.20', port: 'sip' } });
    const { checks } = await world.doctorHere();
    expect(wrong(checks).map((each) => each.split(':', 1)[0])).toEqual(Array(3).fill('configuration fail'));
    expect(byCheck(checks, 'cores')).toEqual(['skipped : see configuration']);
    expect(byCheck(checks, 'token')).toEqual(['skipped : see configuration']);
    expect(byCheck(checks, 'trunk-options')).toEqual([
      expect.stringMatching(/^ok pbx: udp .* 200 OK$/),
      'skipped other: see configuration',
    ]);
    expect(byCheck(checks, 'graph')).toEqual([expect.stringMatching(/^ok /)]);
    expect(byCheck(checks, 'listen-ports')).toHaveLength(3);
    expect(checks.map(({ check }) => check)).toEqual(expect.arrayContaining([...CHECK_IDS]));
  });

  it('looks at the machine when the file is none', async () => {
    const checks = await diagnose({ config: '/nowhere/gateway.yaml' });
    expect(checks.filter(({ status }) => status === 'ok').map(({ check }) => check)).toEqual(['node']);
    expect(byCheck(checks, 'configuration')).toEqual([expect.stringContaining('cannot be read')]);
    expect(byCheck(checks, 'opus')).toEqual(['skipped : see configuration']);
  });
});

it('no way to a trunk is told as that', async () => {
  // From loopback nothing leads out: the system refuses before a packet goes.
  const probe = { protocol: 'udp', localAddress: '127.0.0.1', address: '192.0.2.20', port: 5060 } as const;
  const asked = askOptions({ ...probe, host: '192.0.2.20', userAgent: 'test', timeoutMs: 20_000 });
  await expect(asked).rejects.toMatchObject({ code: expect.stringMatching(/^E[A-Z]+$/) });
});

it('asks the STUN server of the configuration, or none', async () => {
  const world = await healthy();
  const udp = async (stun: string, flag?: string | false): Promise<string> => {
    Object.assign(world.config, { doctor: { stun } });
    world.writeConfig();
    const only = ['udp'] as const;
    const [found] = await diagnose({
      config: world.configFile,
      only,
      ...(flag === undefined ? {} : { stun: flag }),
    });
    return `${found?.status} ${found?.message}`;
  };
  expect(await udp(world.stun.place)).toBe(`ok ${world.stun.place} answers`);
  expect(await udp('off')).toBe('skipped doctor.stun is off');
  expect(await udp('off', world.stun.place)).toBe(`ok ${world.stun.place} answers`);
  expect(await udp(world.stun.place, false)).toBe('skipped --no-stun');
});

describe('a gateway that runs', () => {
  async function running(world: DoctorWorld): Promise<Gateway> {
    world.writeConfig();
    const loaded = loadConfig(world.configFile);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
    const gateway = await Gateway.start({
      config: loaded.value,
      clock: systemClock,
      log: createLogger({ level: 'silent' }),
      version: '0.0.0',
      recordStream: new PassThrough().resume(),
    });
    onTestFinished(() => gateway.close());
    return gateway;
  }

  it('has its ports, and its own webhook port answers', async () => {
    const world = await healthy();
    await running(world);
    const { port } = world.config.http.listen;
    const { code, checks } = await world.doctor('--webhook-url', `http://127.0.0.1:${port}/webhook`);
    expect(wrong(checks)).toEqual([]);
    expect(code).toBe(0);
    expect(checks.filter(({ check }) => check === 'listen-ports').map(({ message }) => message)).toEqual(
      Array.from({ length: 3 }, () => expect.stringContaining('by the gateway that runs')),
    );
  });

  it('rings nobody while no phone has registered', async () => {
    const world = await healthy();
    world.config.sip.registrar = { accounts: [{ user: 'desk1', password: world.secret('verify') }] };
    world.config.sip.allow = ['192.0.2.0/24'];
    world.config.trunks = { desk: { registered: 'desk1' } };
    world.config.routes.desk.targets = [{ trunk: 'desk' }];
    const before = await world.doctor('--only', 'route-target');
    expect(before.checks).toMatchObject([
      { status: 'skipped', message: expect.stringContaining('no gateway runs') },
    ]);
    await running(world);
    const { code, checks } = await world.doctor();
    expect(wrong(checks)).toEqual([expect.stringMatching(/^route-target fail: nobody rings/)]);
    expect(code).toBe(1);
  });
});

it('a WhatsApp number: its token and webhook are looked at, what only Pages have is not', async () => {
  const world = await healthy();
  const number = '550022001100';
  const simulator = await MetaSimulator.start({
    platform: 'whatsapp',
    pageId: number,
    accessToken: SECRETS.token,
    appSecret: SECRETS.secret,
    requireAppSecretProof: true,
    appId: APP,
  });
  world.owns(simulator);
  simulator.page.appSubscription = { callbackUrl: world.webhookUrl, fields: ['calls', 'messages'] };
  const [page] = world.config.meta.pages;
  Object.assign(world.config.meta, {
    graphUrl: simulator.graphUrl,
    pages: [],
    numbers: [{ ...page, id: number }],
  });
  const right = await world.doctor();
  expect(wrong(right.checks)).toEqual([]);
  expect(right.checks.find(({ check }) => check === 'audio')).toMatchObject({ status: 'skipped' });
  simulator.page.token = { scopes: ['pages_messaging'] };
  const lacking = await world.doctor();
  expect(wrong(lacking.checks)).toEqual([
    expect.stringMatching(/^token-scopes fail: .*whatsapp_business_messaging/),
  ]);
});

it('Graph that hangs does not keep it longer than ten seconds, and is named', async () => {
  const world = await healthy();
  world.simulator.faults.add({ kind: 'hang', action: 'settings', times: 20 });
  const { code, checks } = await world.doctor();
  expect(code).toBe(0);
  const late = checks.filter(({ status }) => status === 'warn');
  expect(late.map(({ message }) => message)).toEqual(late.map(() => 'no answer within 9.5 s'));
  expect(late.map(({ check }) => check)).toContain('audio');
});

describe('each seeded misconfiguration is found by its own check, and by no other', () => {
  it.each(seeds)('$name: $check', async (each) => {
    const result = await runSeed(each, 'here');
    expect(result).toMatchObject({ found: [result.expected], ok: true });
  });

  it('there are 25 at least, and they are of most checks', () => {
    expect(SEEDS.length).toBeGreaterThanOrEqual(25);
    const unseeded = Object.keys(CHECKS).filter((id) => !SEEDS.some(({ check }) => check === id));
    // Those of the machine itself: another Node, library, kernel or memory cannot be had by a seed.
    expect(unseeded).toEqual([
      'node',
      'time-zones',
      'opus',
      'media-io',
      'priority',
      'memory',
      'call-hours',
      'route-target',
    ]);
  });

  it.runIf(process.getuid?.() === 0)('a full disk can be made here', () => {
    const disk = SmallDisk.mount();
    expect(disk).toBeDefined();
    disk?.close();
  });
});
