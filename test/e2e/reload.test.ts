import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { DEMO_PAGE, type World } from '../../src/cli/demo/world.ts';
import { dominantFrequency, Tone, wavBytes } from '../../src/media/index.ts';
import { DigestGuard } from '../../src/sip/index.ts';
import { Peer } from '../sip/support/peer.ts';
import { Pbx } from './pbx.ts';
import { caller, graphOf, itEmbedded, until, worlds } from './world.ts';

const { start, closeAll } = worlds();
afterEach(closeAll);

type Yaml = Record<string, Record<string, unknown>>;

const gone = (world: World): Promise<void> => until(() => world.gateway.calls === 0);

async function admin(world: World, method: string, path: string, body?: object) {
  const reply = await fetch(world.gateway.adminUrl + path, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  });
  const text = await reply.text();
  return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) };
}

const trunksOf = async (
  world: World,
): Promise<Record<string, { up: boolean; calls: object; removed?: true }>> => {
  const { body } = await admin(world, 'GET', '/trunks');
  return Object.fromEntries(
    (body as { trunk: string; up: boolean; calls: object }[]).map((each) => [each.trunk, each]),
  );
};

const metric = async (world: World, line: RegExp): Promise<string | undefined> =>
  line.exec(await (await fetch(`${world.gateway.adminUrl}/metrics`)).text())?.[1];

describe('trunks and routes', () => {
  it('a call goes on over a reload that takes its trunk, route and all away; the next one takes the new route', async () => {
    const world = await start({
      phones: [{}, { toneHz: 880 }],
      configure: (yaml) => {
        const { trunks, routes } = yaml as Yaml;
        // The second phone is nobody yet.
        delete trunks?.['phone2'];
        routes!['desk'] = { targets: [{ trunk: 'phone1', user: '100' }] };
      },
    });
    const [first, second] = world.phones;
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await first?.nextCall();
    await Promise.all([call.firstAudio, phone?.firstAudio]);

    const report = await world.reload((yaml) => {
      yaml['trunks'] = { other: { host: second?.host, port: second?.port, codecs: ['PCMU'] } };
      yaml['routes'] = { desk: { targets: [{ trunk: 'other', user: '200' }] } };
    });
    expect(report).toMatchObject({ ok: true, outcome: 'applied', needsRestart: [] });
    expect(report.ok && report.changes.map(({ key, kind }) => `${key} ${kind}`)).toEqual([
      'trunks.other added',
      'trunks.phone1 removed',
      'routes.desk.targets[0].trunk changed',
      'routes.desk.targets[0].user changed',
    ]);
    expect(await trunksOf(world)).toMatchObject({
      other: { up: true, calls: { out: 0 } },
      phone1: { up: false, removed: true, calls: { out: 1 } },
    });

    const next = world.simulator.consumer({ ...caller, psid: '7000000002' }).call({ toneHz: 440 });
    const other = await second?.nextCall();
    await Promise.all([next.firstAudio, other?.firstAudio]);
    await next.hangup();
    await world.nextRecord();
    // The first one never noticed: it ends by its own consumer.
    await until(() => world.gateway.calls === 1);
    await call.hangup();
    expect(await world.nextRecord()).toMatchObject({ attempts: [{ target: 'phone1/100' }], answered: true });
    await gone(world);
    expect(Object.keys(await trunksOf(world))).toEqual(['other']);
    expect(await metric(world, /^msgw_config_reloads_total\{outcome="applied"\} (\d+)$/m)).toBe('1');
  });

  it('only the trunk that changed is asked anew', async () => {
    const [one, two] = [await Pbx.start(), await Pbx.start()];
    const every = { everyS: 3_600, timeoutMs: 1_500, failures: 2 };
    const world = await start({
      phones: [],
      configure: (yaml) => {
        yaml['trunks'] = { one: one.trunk({ qualify: every }), two: two.trunk({ qualify: every }) };
        yaml['routes'] = { desk: { targets: [{ trunk: 'one', user: '1' }] } };
      },
    });
    await until(() => one.count('OPTIONS') === 1 && two.count('OPTIONS') === 1);
    await world.reload((yaml) => {
      (yaml as Yaml)['trunks']!['two'] = two.trunk({ qualify: { ...every, timeoutMs: 1_600 } });
    });
    await until(() => two.count('OPTIONS') === 2);
    expect(one.count('OPTIONS')).toBe(1);
  });
});

describe('a file with problems', () => {
  it('changes nothing, is told of with its places, and is counted; what is right next is taken', async () => {
    const world = await start();
    const before = Object.keys(await trunksOf(world));
    await world.reload((yaml) => {
      const { trunks } = yaml as Yaml;
      trunks!['new'] = { host: '127.0.0.1', codecs: ['G729'] };
      yaml['limits'] = { maxCalls: 'many' };
    });
    expect(await admin(world, 'POST', '/reload')).toMatchObject({
      status: 422,
      body: {
        problems: [
          {
            field: 'trunks.new.codecs[0]',
            line: expect.any(Number),
            remedy: expect.stringContaining('PCMU'),
          },
          { field: 'limits.maxCalls' },
        ],
      },
    });
    expect(Object.keys(await trunksOf(world))).toEqual(before);
    expect(await metric(world, /^msgw_config_reloads_total\{outcome="invalid"\} (\d+)$/m)).toBe('2');
    expect(await metric(world, /^msgw_config_last_reload_successful (\d)$/m)).toBe('0');
    const planned = await world.reload((yaml) => {
      (yaml as Yaml)['trunks']!['new'] = { host: '127.0.0.1' };
      yaml['limits'] = { maxCalls: 7 };
    });
    expect(planned).toMatchObject({ outcome: 'applied' });
    expect(Object.keys(await trunksOf(world))).toContain('new');
  });

  it('what needs a restart is named and left, and a dry run changes nothing', async () => {
    const world = await start();
    const url = world.gateway.webhookUrl;
    const said = await world.reload((yaml) => {
      yaml['http'] = { listen: { address: '127.0.0.1', port: 1 } };
      yaml['media'] = { workers: 2 };
    });
    expect(said).toMatchObject({ outcome: 'unchanged', needsRestart: ['http.listen.port', 'media.workers'] });
    expect(world.gateway.webhookUrl).toBe(url);
    expect(await metric(world, /^msgw_config_needs_restart (\d+)$/m)).toBe('2');
    expect(await admin(world, 'GET', '/reload')).toMatchObject({
      status: 200,
      body: { outcome: 'planned', needsRestart: ['http.listen.port', 'media.workers'] },
    });
  });

  it('is refused by a gateway that drains', async () => {
    const world = await start();
    void world.gateway.drain();
    expect(await admin(world, 'POST', '/reload')).toMatchObject({
      status: 409,
      body: { problems: [{ message: expect.stringContaining('ending') }] },
    });
  });
});

describe('secrets that are rotated', () => {
  it('the app secret: webhooks of the old one are refused at once, those of the new one taken', async () => {
    const world = await start();
    const body = JSON.stringify({ object: 'page', entry: [] });
    const post = async (secret: string): Promise<number> => {
      const signature = createHmac('sha256', secret).update(body).digest('hex');
      const headers = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` };
      return (await fetch(world.gateway.webhookUrl, { method: 'POST', body, headers })).status;
    };
    expect([await post('demo-app-secret'), await post('rotated-secret')]).toEqual([200, 401]);
    world.env['APP_SECRET'] = 'rotated-secret';
    const report = await world.reload(() => {});
    expect(report.ok && report.changes).toEqual([
      { key: 'meta.apps[app].secret', kind: 'changed', needsRestart: false },
    ]);
    expect([await post('demo-app-secret'), await post('rotated-secret')]).toEqual([401, 200]);
  });

  it('the Page token: the next request has the new one', async () => {
    const world = await start();
    world.simulator.rotateToken('rotated-token');
    world.env['PAGE_TOKEN'] = 'rotated-token';
    expect(await world.reload(() => {})).toMatchObject({ outcome: 'applied' });
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    await world.phones[0]?.nextCall();
    await call.firstAudio;
    await call.hangup();
    await gone(world);
    expect(graphOf(world)).toContain('accept');
  });

  it('the password at a PBX: unregisters, registers with the new one, and the trunk never counts as down', async () => {
    const peer = await Peer.start();
    const guard = new DigestGuard({ realm: 'pbx', algorithm: 'MD5', now: Date.now });
    const signed = async (password: string, expires: string): Promise<void> => {
      peer.respond(await peer.request('REGISTER'), 401, {
        headers: { 'WWW-Authenticate': guard.challenge(false) },
      });
      const request = await peer.request('REGISTER');
      const known = [{ username: 'gw', password }];
      const authorization = request.headers.get('authorization');
      expect(guard.check(authorization, 'REGISTER', 'sip:pbx.example', known)).toMatchObject({
        verdict: 'right',
      });
      expect(request.headers.get('expires')).toBe(expires);
      const contact = request.headers.get('contact');
      peer.respond(request, 200, expires === '0' ? {} : { headers: { Contact: `${contact};expires=300` } });
    };
    const world = await start({
      phones: [],
      configure: (yaml) => {
        yaml['trunks'] = {
          pbx: {
            host: 'pbx.example',
            qualify: { everyS: 0 },
            register: { username: 'gw', password: '${SIP_PASSWORD}', servers: [`127.0.0.1:${peer.port}`] },
          },
        };
        yaml['routes'] = { desk: { targets: [{ trunk: 'pbx', user: '100' }] } };
      },
      env: { SIP_PASSWORD: 'old' },
    });
    await signed('old', '300');
    await until(async () => (await trunksOf(world))['pbx']?.up === true);
    world.env['SIP_PASSWORD'] = 'new';
    const downs: string[] = [];
    const feed = await fetch(`${world.gateway.adminUrl}/events`);
    const reader = feed.body!.getReader();
    const reading = (async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        downs.push(
          ...(Buffer.from(value)
            .toString()
            .match(/event: trunk_\w+/g) ?? []),
        );
      }
    })();
    expect(await world.reload(() => {})).toMatchObject({ outcome: 'applied' });
    await signed('old', '0');
    await signed('new', '300');
    expect((await trunksOf(world))['pbx']?.up).toBe(true);
    await reader.cancel();
    await reading;
    expect(downs).toEqual([]);
    const closing = world.gateway.close();
    await signed('new', '0');
    await closing;
  });
});

describe('Pages', () => {
  it('one that is taken away: its call goes on and is ended by its consumer, new ones are not ours', async () => {
    const world = await start();
    const call = world.simulator.consumer(caller).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    await Promise.all([call.firstAudio, phone?.firstAudio]);
    const other = { id: '999', accessToken: '${PAGE_TOKEN}', app: 'app', route: 'desk' };
    const report = await world.reload((yaml) => {
      (yaml as Yaml)['meta']!['pages'] = [other];
    });
    expect(report.ok && report.changes.map(({ key, kind }) => `${key} ${kind}`)).toEqual([
      'meta.pages[999] added',
      `meta.pages[${DEMO_PAGE}] removed`,
    ]);
    // The phone hangs up: Meta is told with the token of the Page that is gone.
    await phone?.hangup();
    expect(await call.ended).toMatchObject({ by: 'business', action: 'terminate' });
    expect(await world.nextRecord()).toMatchObject({ answered: true });
    await gone(world);
    const next = world.simulator.consumer({ ...caller, psid: '7000000003' }).call({ toneHz: 440 });
    // And back again: what comes then is taken.
    await world.reload((yaml) => {
      (yaml as Yaml)['meta']!['pages'] = [other, { ...other, id: DEMO_PAGE }];
    });
    expect(world.phones[0]?.calls).toHaveLength(1);
    await next.hangup();
    const back = world.simulator.consumer({ ...caller, psid: '7000000004' }).call({ toneHz: 440 });
    await world.phones[0]?.nextCall();
    await back.firstAudio;
    await back.hangup();
    await gone(world);
  });
});

it('sounds: a call that is up keeps those that it began with, the next one hears the new file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reload-sounds-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const music = join(folder, 'music.wav');
  const write = (hz: number, samples: number): void => {
    const pcm = new Int16Array(samples);
    new Tone(hz, 16_000).fill(pcm, samples);
    writeFileSync(music, wavBytes({ sampleRate: 16_000, channels: 1, pcm }));
  };
  write(900, 16_000);
  const world = await start({
    configure: (yaml) => {
      yaml['sounds'] = { files: { music }, hold: 'music' };
    },
  });
  const talk = async (psid: string) => {
    const call = world.simulator.consumer({ ...caller, psid }).call({ toneHz: 440 });
    const phone = await world.phones[0]?.nextCall();
    await Promise.all([call.firstAudio, phone?.firstAudio]);
    const hears = (hz: number): boolean => {
      const { sampleRate, pcm } = call.recording();
      return Math.abs(dominantFrequency(pcm.subarray(-sampleRate / 2), sampleRate) / hz - 1) < 0.02;
    };
    return {
      heldTo: async (hz: number): Promise<void> => {
        expect(await phone?.redirect('inactive')).toBe(true);
        await until(() => hears(hz));
        await call.hangup();
        await world.nextRecord();
      },
    };
  };
  const first = await talk('7000000005');
  write(1_300, 20_000);
  expect(await world.reload(() => {})).toMatchObject({ ok: true, outcome: 'applied', changes: [] });
  const second = await talk('7000000006');
  await first.heldTo(900);
  await second.heldTo(1_300);
  // What is no sound changes nothing.
  writeFileSync(music, 'no sound');
  expect(await world.reload(() => {})).toMatchObject({ ok: false, outcome: 'failed' });
  await gone(world);
});

it('tokens: who has lost theirs is asked for one, and reads no more events; the call goes on', async () => {
  const secrets = {
    OPERATOR: 'operator-token-of-more-than-32-chars',
    WALL: 'wallboard-token-of-more-than-32-chars',
  };
  const operator = { name: 'operator', scopes: ['admin'], secret: '${OPERATOR}' };
  const wall = { name: 'wall', scopes: ['read'], secret: '${WALL}' };
  const world = await start({
    env: secrets,
    configure: (yaml) => {
      (yaml as Yaml)['admin']!['tokens'] = [operator, wall];
    },
  });
  const ask = (path: string, token: string): Promise<Response> =>
    fetch(world.gateway.adminUrl + path, { headers: { authorization: `Bearer ${token}` } });
  const call = world.simulator.consumer(caller).call({ toneHz: 440 });
  const phone = await world.phones[0]?.nextCall();
  await Promise.all([call.firstAudio, phone?.firstAudio]);
  const events = await ask('/events', secrets.WALL);
  expect([events.status, (await ask('/calls', secrets.WALL)).status]).toEqual([200, 200]);

  const change = (tokens: object[]) =>
    world.reload((yaml) => {
      (yaml as Yaml)['admin']!['tokens'] = tokens;
    });
  expect(await change([operator])).toMatchObject({ outcome: 'applied', needsRestart: [] });
  // It ends by itself.
  expect(await events.text()).not.toContain('config_reloaded');
  expect((await ask('/calls', secrets.WALL)).status).toBe(401);
  expect(await change([operator, { ...wall, scopes: ['metrics'] }])).toMatchObject({ outcome: 'applied' });
  expect((await ask('/calls', secrets.WALL)).status).toBe(403);
  expect((await ask('/metrics', secrets.WALL)).status).toBe(200);
  const calls = (await (await ask('/calls', secrets.OPERATOR)).json()) as { state: string }[];
  expect(calls).toHaveLength(1);
  await call.hangup();
  await gone(world);
});

itEmbedded('who may speak SIP is taken up by the SIP server that runs', async () => {
  const world = await start();
  const said = await world.reload((yaml) => {
    (yaml as Yaml)['sip']!['rateLimit'] = { perSecond: 1, burst: 1 };
  });
  expect(said).toMatchObject({ outcome: 'applied', changes: [{ key: 'sip.rateLimit', kind: 'added' }] });
  const peer = await Peer.start();
  const at = world.gateway.sipContacts[0]!;
  for (let i = 0; i < 3; i++) peer.requestTo(`udp/127.0.0.1:${at.port}`, 'OPTIONS');
  await until(
    async () => Number(await metric(world, /^msgw_sip_dropped_total\{reason="rate"\} (\d+)$/m)) > 0,
  );
});
