import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Tone, wavBytes } from '../../../src/media/index.ts';
import type { RawOptions } from './call.ts';

export const MUSIC_HZ = 900;

/** A gateway whose music on hold is one tone. */
export function withMusic(options: RawOptions = {}): RawOptions {
  const folder = mkdtempSync(join(tmpdir(), 'music-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const pcm = new Int16Array(16_000);
  new Tone(MUSIC_HZ, 16_000).fill(pcm, pcm.length);
  const path = join(folder, 'music.wav');
  writeFileSync(path, wavBytes({ sampleRate: 16_000, channels: 1, pcm }));
  return {
    ...options,
    configure: (yaml) => {
      yaml['sounds'] = { files: { music: path }, hold: 'music' };
      options.configure?.(yaml);
    },
  };
}
