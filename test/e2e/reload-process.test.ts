import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import { DeskPhone, MetaSimulator } from '../../src/sim/index.ts';
import { recordsInSqlite } from '../../src/store/index.ts';
import { isSigned, receiver, SECRET } from '../store/records/receiver.ts';
import { APP_SECRET, GatewayProcess, PAGE, PAGE_TOKEN } from '../support/gateway-process.ts';
import { itEmbedded, until } from './world.ts';

/** Starts of processes, and a dozen calls. */
vi.setConfig({ testTimeout: 180_000 });

const NEXT_SECRET = `whsec_${Buffer.from('another secret, thirty-two bytes').toString('base64')}`;

/** `msgw`, as an operator types it. */
async function msgw(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const entry = new URL('../../src/cli/msgw.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [entry, ...args]);
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    said.out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    said.err += String(chunk);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

type Yaml = Record<string, Record<string, unknown>>;

itEmbedded(
  'records, traces and HEP go elsewhere while calls go on: none is lost, none is there twice',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'msgw-reload-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const at = (name: string): string => join(folder, name);
    writeFileSync(at('secret'), SECRET);
    const hook = await receiver();
    const hep = createSocket('udp4').bind(0, '127.0.0.1');
    await once(hep, 'listening');
    onTestFinished(() => void hep.close());
    let packets = 0;
    hep.on('message', () => {
      packets += 1;
    });
    const simulator = await MetaSimulator.start({
      ...{ pageId: PAGE, accessToken: PAGE_TOKEN, appSecret: APP_SECRET, appId: 'app' },
    });
    onTestFinished(() => simulator.close());
    const phone = await DeskPhone.start({ codecs: ['PCMU'], toneHz: 620, ringMs: 0 });
    onTestFinished(() => phone.close());
    const gateway = await GatewayProcess.start({
      graphUrl: simulator.graphUrl,
      phone: { host: phone.host, port: phone.port },
      ...{ codec: 'PCMU', opusComplexity: 0, maxCalls: 20, launcher: [] },
      configure: (yaml) => {
        Object.assign(yaml, {
          journal: { path: at('journal') },
          records: { path: at('a.jsonl'), webhook: { url: hook.url, secret: `file:${at('secret')}` } },
        });
        (yaml as Yaml)['media']!['workers'] = 1;
      },
    });
    onTestFinished(() => gateway.kill());
    simulator.setWebhookUrl(gateway.webhookUrl);
    const place = ['--admin-url', gateway.adminUrl];
    const configured = (change: (yaml: Yaml) => void): void => {
      const yaml = JSON.parse(readFileSync(gateway.configFile, 'utf8')) as Yaml;
      change(yaml);
      writeFileSync(gateway.configFile, JSON.stringify(yaml));
    };

    const placed: string[] = [];
    let isOver = false;
    const calling = [1, 2].map(async (line) => {
      while (!isOver) {
        const call = simulator
          .consumer({ psid: `700000000${line}`, name: 'Amina Otieno' })
          .call({ toneHz: 440 });
        placed.push(call.id);
        await call.firstAudio;
        await call.hangup();
        await call.ended;
      }
    });
    const taken = async (more: number): Promise<void> => {
      const wanted = hook.events.length + more;
      await until(() => hook.events.length >= wanted);
    };
    await taken(2);

    // All of it or nothing: the sound is none, so records stay where they are.
    writeFileSync(at('no.wav'), 'no sound');
    configured((yaml) => {
      yaml['sounds'] = { files: { hello: at('no.wav') } };
      yaml['records']!['path'] = at('b.jsonl');
    });
    const refused = await msgw('reload', ...place);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('no.wav') });
    expect(readdirSync(folder)).not.toContain('b.jsonl');

    writeFileSync(at('secret'), NEXT_SECRET);
    configured((yaml) => {
      delete yaml['sounds'];
      yaml['records']!['sqlite'] = { path: at('calls.db') };
      yaml['trace'] = { directory: at('traces') };
      yaml['observe'] = { hep: { host: '127.0.0.1', port: hep.address().port } };
    });
    expect((await msgw('reload', '--dry-run', ...place)).out).toContain('would be taken up');
    expect(readdirSync(folder)).not.toContain('b.jsonl');
    const reloaded = await msgw('reload', ...place);
    expect(reloaded).toMatchObject({ code: 0, out: expect.stringContaining('taken up: 5 of 5 changes.') });
    await taken(3);

    expect(await msgw('log-level', ...place)).toMatchObject({ code: 0, out: 'warn\n' });
    const debug = await msgw('log-level', 'error', '--for', '600', ...place);
    expect(debug.out).toMatch(/^error until \d{4}-.*Z \(configured: warn\)\n$/);

    isOver = true;
    await Promise.all(calling);
    await until(() => new Set(hook.events.map(({ callId }) => callId)).size === placed.length);
    await until(() => packets > 0 && readdirSync(at('traces')).some((name) => name.endsWith('.jsonl')));
    await gateway.stop();

    const lines = (name: string): string[] =>
      readFileSync(at(name), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { callId: string }).callId);
    const [a, b] = [lines('a.jsonl'), lines('b.jsonl')];
    expect([...a, ...b].sort()).toEqual([...placed].sort());
    expect(a.length).toBeGreaterThanOrEqual(2);
    const rows = await recordsInSqlite(at('calls.db'), { limit: 1_000 });
    const inSqlite = rows.map(({ record }) => (JSON.parse(record) as { callId: string }).callId);
    expect(inSqlite.sort()).toEqual([...b].sort());
    expect(hook.events.map(({ callId }) => callId).sort()).toEqual([...placed].sort());
    // Those of before are signed with the former secret, those of after with the next: in that order, and none with neither.
    const bySecret = hook.events.map((event) =>
      isSigned(event) ? 'former' : isSigned(event, NEXT_SECRET) ? 'next' : 'neither',
    );
    expect(new Set(bySecret)).toEqual(new Set(['former', 'next']));
    expect(bySecret.indexOf('next')).toBeGreaterThan(bySecret.lastIndexOf('former'));
  },
);
