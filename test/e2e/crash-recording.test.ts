import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, vi } from 'vitest';
import { dominantFrequency, readWav } from '../../src/media/index.ts';
import { DeskPhone, MetaSimulator } from '../../src/sim/index.ts';
import { APP_SECRET, GatewayProcess, PAGE, PAGE_TOKEN } from '../support/gateway-process.ts';
import { recordFaults } from '../support/record-check.ts';
import { itEmbedded, until } from './world.ts';

const closers: (() => unknown)[] = [];
/** Two starts of a process, and some seconds of talk. */
vi.setConfig({ testTimeout: 180_000 });

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

itEmbedded(
  'what was recorded when the gateway was killed is whole after the next start, and in the record',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'msgw-crash-recording-'));
    closers.push(() => rmSync(folder, { recursive: true, force: true }));
    const directory = join(folder, 'recordings');
    mkdirSync(directory);
    const simulator = await MetaSimulator.start({
      pageId: PAGE,
      accessToken: PAGE_TOKEN,
      appSecret: APP_SECRET,
      appId: 'app',
    });
    closers.push(() => simulator.close());
    const phone = await DeskPhone.start({ codecs: ['PCMU'], toneHz: 620, ringMs: 0 });
    closers.push(() => phone.close());
    const start = async (): Promise<GatewayProcess> => {
      const gateway = await GatewayProcess.start({
        graphUrl: simulator.graphUrl,
        phone: { host: phone.host, port: phone.port },
        codec: 'PCMU',
        opusComplexity: 0,
        maxCalls: 20,
        launcher: [],
        configure: (yaml) => {
          for (const route of Object.values(yaml['routes'] as Record<string, object>))
            Object.assign(route, { recording: 'always' });
          Object.assign(yaml, {
            journal: { path: join(folder, 'journal') },
            records: { path: 'off', sqlite: { path: join(folder, 'calls.db') } },
            recording: { directory, format: 'wav', consentToneMs: 0 },
          });
        },
      });
      closers.push(() => gateway.kill());
      simulator.setWebhookUrl(gateway.webhookUrl);
      return gateway;
    };
    const first = await start();
    const call = simulator.consumer({ psid: '7000000001', name: 'Amina Otieno' }).call({ toneHz: 440 });
    await call.firstAudio;
    // Two seconds at 8 kHz.
    const part = (): string => join(directory, readdirSync(directory)[0] ?? '');
    await until(() => readdirSync(directory).length > 0 && statSync(part()).size > 64_000);
    expect(part()).toMatch(/\.wav\.part$/);
    await first.kill();

    const second = await start();
    await call.ended;
    const { recordsInSqlite } = await import('../../src/store/index.ts');
    const records = async () =>
      (await recordsInSqlite(join(folder, 'calls.db'), { limit: 10 })).map((row) => row.record);
    await until(async () => (await records()).length > 0);
    const record = JSON.parse((await records())[0] ?? '');
    expect(record).toMatchObject({ callId: call.id, cause: 'crash', trunk: 'phone' });
    expect(recordFaults(record)).toEqual([]);
    const [{ file, complete, recovered, durationMs }] = record.recordings;
    expect({ complete, recovered }).toEqual({ complete: true, recovered: true });
    expect(readdirSync(directory)).toEqual([file]);
    const { pcm, sampleRate } = readWav(readFileSync(join(directory, file)));
    expect(Math.abs(pcm.length / 2 / sampleRate - durationMs / 1_000)).toBeLessThan(0.01);
    const side = (at: number): Int16Array => pcm.filter((_, i) => i % 2 === at).subarray(-sampleRate);
    expect(Math.abs(dominantFrequency(side(0), sampleRate) / 440 - 1)).toBeLessThan(0.05);
    expect(Math.abs(dominantFrequency(side(1), sampleRate) / 620 - 1)).toBeLessThan(0.05);
    await second.stop();
  },
);
