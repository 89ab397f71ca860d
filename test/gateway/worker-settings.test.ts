import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { WorkerOptions } from '../../src/gateway/media/protocol.ts';
import { WorkerSettings } from '../../src/gateway/media/worker-settings.ts';
import { Tone, wavBytes } from '../../src/media/index.ts';
import { configOf, example } from '../config/example.ts';

function rig() {
  const folder = mkdtempSync(join(tmpdir(), 'worker-settings-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'music.wav');
  const write = (samples: number): void => {
    const pcm = new Int16Array(samples);
    new Tone(440, 8_000).fill(pcm, samples);
    writeFileSync(path, wavBytes({ sampleRate: 8_000, channels: 1, pcm }));
  };
  write(800);
  const configure = (sounds: string) =>
    configOf(`${example}\nsounds: { files: { music: ${path} }, ${sounds} }\n`);
  const told: WorkerOptions[] = [];
  const settings = new WorkerSettings(configure('hold: music'), (options) => told.push(options));
  return { path, write, configure, told, settings };
}

it('what says the same is no news', () => {
  const { settings, configure } = rig();
  expect(settings.prepare(configure('hold: music'))).toBeUndefined();
});

it('other settings are told to the workers, with the samples that were read', () => {
  const { settings, configure, told } = rig();
  const before = settings.now;
  const part = settings.prepare(configure('hold: silence, toneLevelDb: -30'));
  expect([part?.isNews, told, settings.now === before]).toEqual([true, [], true]);
  part?.commit();
  expect(told).toMatchObject([{ sounds: { hold: undefined, toneLevelDb: -30 } }]);
  expect([settings.now, told[0]?.sounds.data]).toEqual([told[0], before.sounds.data]);
});

it('a file that changed is read again, once', () => {
  const { settings, configure, told, write } = rig();
  const before = settings.now.sounds.data;
  write(1_600);
  settings.prepare(configure('hold: music'))?.commit();
  expect(told).toHaveLength(1);
  expect(settings.now.sounds.data).not.toBe(before);
  expect(settings.now.sounds.hold).toEqual({ file: 'music' });
  expect(settings.prepare(configure('hold: music'))).toBeUndefined();
});

it('a file that is no sound changes nothing', () => {
  const { settings, configure, told, path } = rig();
  const before = settings.now;
  writeFileSync(path, 'no sound');
  expect(() => settings.prepare(configure('hold: silence'))).toThrow(
    expect.objectContaining({ code: 'MEDIA_SOUND' }),
  );
  expect([told, settings.now === before]).toEqual([[], true]);
});
