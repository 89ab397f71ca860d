import { expect, it } from 'vitest';
import type { PcmSource, PlayMode } from '../../../src/media/bridge/inserts.ts';
import {
  HoldMusic,
  LegSounds,
  type SoundLayer,
  SpeechGate,
  WhenHeard,
} from '../../../src/media/sound/index.ts';

const RATE = 8_000;
const FRAME = 160;

/** Steady samples of one value for `frames` frames and a half. */
function steady(value: number, frames = Infinity): PcmSource {
  let left = frames === Infinity ? Infinity : frames * FRAME + FRAME / 2;
  return {
    read: (out, samples) => {
      const count = Math.min(samples, left);
      out.fill(value, 0, count);
      left -= count;
      return count;
    },
  };
}

class Rig {
  readonly installed: (PlayMode | 'none')[] = [];
  readonly sounds = new LegSounds((source, mode) => this.installed.push(source ? mode : 'none'));
  readonly out = new Int16Array(FRAME);
  readonly ended: string[] = [];

  layer(name: string, source: PcmSource, mode: PlayMode, priority: number): SoundLayer {
    const layer = { source, mode, priority, onEnd: () => this.ended.push(name) };
    this.sounds.add(layer);
    return layer;
  }

  /** First and last sample of the next frame, and how many there were. */
  frame(): readonly [number, number, number] {
    const made = this.sounds.read(this.out, FRAME, RATE);
    return [this.out[0] as number, this.out[FRAME - 1] as number, made];
  }
}

it('lets the most important one replace the voice, the next one after it, and mixes on top', () => {
  const rig = new Rig();
  rig.layer('music', steady(100), 'instead', 20);
  const wanted = rig.layer('announcement', steady(1_000, 1), 'instead', 40);
  expect(wanted.priority).toBe(40);
  rig.layer('beep', steady(7, 2), 'mix', 90);
  expect(rig.installed).toEqual(['instead']);
  expect(rig.frame()).toEqual([1_007, 1_007, FRAME]);
  // Half a frame of the announcement is left; the music waits for the next frame.
  expect(rig.frame()).toEqual([1_007, 7, FRAME]);
  expect(rig.ended).toEqual(['announcement']);
  expect(rig.frame()).toEqual([107, 100, FRAME]);
  expect(rig.ended).toEqual(['announcement', 'beep']);
  expect(rig.frame()).toEqual([100, 100, FRAME]);
});

it('gives the voice back when nothing replaces it, and the path when nothing is left', () => {
  const rig = new Rig();
  const music = rig.layer('music', steady(100), 'instead', 20);
  rig.layer('beep', steady(7, 1), 'mix', 90);
  rig.sounds.remove(music);
  expect(rig.installed).toEqual(['instead', 'mix']);
  expect(rig.frame()[2]).toBe(FRAME);
  // The last one ends: fewer samples than asked for say that it is over.
  expect(rig.frame()[2]).toBe(FRAME / 2);
  rig.layer('music', steady(5), 'instead', 20);
  expect(rig.installed).toEqual(['instead', 'mix', 'instead']);
  rig.sounds.remove(music);
  expect(rig.ended).toEqual(['beep']);
});

it('takes the source out when the last one is removed', () => {
  const rig = new Rig();
  rig.sounds.remove(rig.layer('tone', steady(5), 'instead', 1));
  expect(rig.installed).toEqual(['instead', 'none']);
});

it('never wraps around', () => {
  const rig = new Rig();
  rig.layer('a', steady(30_000), 'instead', 1);
  rig.layer('b', steady(30_000), 'mix', 2);
  expect(rig.frame()[0]).toBe(32_767);
});

const word = new Int16Array(FRAME).fill(5_000);
const quiet = new Int16Array(FRAME).fill(20);
const out = new Int16Array(FRAME);

/** Milliseconds of silence that a voice makes the gate give; `talks`: whether it talks at that time. */
function shutFor(talks: (ms: number) => boolean | undefined, longestMs = 300): number {
  const gate = new SpeechGate(longestMs);
  for (let ms = 0; ms < 2_000; ms += 20) {
    const said = talks(ms);
    if (said !== undefined) gate.write(said ? word : quiet, FRAME, RATE);
    if (gate.read(out, FRAME, RATE) < FRAME) return ms;
    expect(out.every((sample) => sample === 0)).toBe(true);
  }
  throw new Error('it never opened');
}

it.each<[string, (ms: number) => boolean | undefined, number]>([
  ['a voice in the middle of a word until the word ends', (ms) => ms < 120, 160],
  ['a voice that does not pause for as long as it may', () => true, 300],
  ['a phone that is silent no longer than it takes to know', () => false, 40],
  ['a phone that sends nothing for as long as it may: nothing is lost by it', () => undefined, 300],
])('keeps back %s', (_what, talks, ms) => {
  expect(shutFor(talks)).toBe(ms);
});

it('keeps nothing back when it is switched off', () => {
  expect(shutFor(() => true, 0)).toBe(0);
});

it('begins an announcement with its first word: when somebody hears, and a moment later', () => {
  let heard = false;
  const source = new WhenHeard(steady(100), () => heard, 300);
  const read = (): number => {
    source.read(out, FRAME, RATE);
    return out[0] as number;
  };
  for (let ms = 0; ms < 800; ms += 20) expect(read()).toBe(0);
  heard = true;
  for (let ms = 0; ms < 300; ms += 20) expect(read()).toBe(0);
  expect(read()).toBe(100);
});

it('announces to a consumer who is muted from the beginning, too', () => {
  const source = new WhenHeard(steady(100), () => false, 300);
  let silentMs = 0;
  for (; source.read(out, FRAME, RATE) === FRAME && out[0] === 0; silentMs += 20);
  expect(silentMs).toBe(1_800);
});

it("plays music while the phone holds and is silent, and leaves room for the phone's own", () => {
  const hold = new HoldMusic(steady(1_000));
  const play = (ms: number, said: Int16Array): number => {
    for (let done = 0; done < ms; done += 20) {
      hold.write(said, FRAME);
      expect(hold.read(out, FRAME, RATE)).toBe(FRAME);
    }
    return out[FRAME - 1] as number;
  };
  expect(play(380, quiet)).toBe(0);
  expect(play(400, quiet)).toBe(1_000);
  // The PBX begins its own.
  expect(play(400, word)).toBe(0);
  expect(play(2_500, quiet)).toBe(0);
  expect(play(1_000, quiet)).toBe(1_000);
});
