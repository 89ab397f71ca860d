import { afterEach, expect, it } from 'vitest';
import { CallSounds } from '../../src/gateway/media/call-sounds.ts';
import { dominantFrequency, G722Decoder, levelDbfs, SoundBank, Tone } from '../../src/media/index.ts';
import { Harness, opus } from '../media/bridge/harness.ts';
import { decodeAll } from '../media/bridge/voice.ts';

const open: Harness[] = [];
afterEach(async () => {
  for (const harness of open.splice(0)) await harness.close();
  expect(opus.open).toBe(0);
});

/** Sounds of a call whose people are silent; a file of one second at 900 Hz. */
async function rig(): Promise<{
  sounds: CallSounds;
  played: string[];
  harness: Harness;
  /** The strongest frequency that the consumer hears in the next `ms`. */
  hears(ms: number): number;
}> {
  const harness = await Harness.open('G722', { direction: 'sendrecv' });
  open.push(harness);
  const pcm = new Int16Array(16_000);
  new Tone(900, 16_000).fill(pcm, pcm.length);
  const played: string[] = [];
  const sounds = new CallSounds({
    bridge: harness.bridge,
    bank: new SoundBank([{ name: 'file', pcm: { 16000: pcm } }]),
    sounds: {
      data: [],
      tones: 'us',
      toneLevelDb: -20,
      fileGainDb: 0,
      leadInMs: 0,
      hold: undefined,
      transfer: undefined,
    },
    announcement: undefined,
    onPlayed: (leg) => played.push(leg),
  });
  sounds.opened();
  return {
    sounds,
    played,
    harness,
    hears: (ms) => {
      const before = harness.consumerHeard.length;
      for (let done = 0; done < ms; done += 20) harness.clock.advance(20);
      return dominantFrequency(
        decodeAll(opus.decoder(16_000), harness.consumerHeard.slice(before + 3)),
        16_000,
      );
    },
  };
}

it('plays a tone of the country until it is stopped', async () => {
  const { sounds, played, hears } = await rig();
  sounds.play('consumer', { tone: 'busy' });
  const hz = hears(2_000);
  expect([480, 620].some((each) => Math.abs(hz / each - 1) < 0.03)).toBe(true);
  sounds.stop('consumer');
  sounds.stop('consumer');
  expect(hears(600)).toBe(0);
  expect(played).toEqual([]);
});

it('plays a file once and tells the end, and again and again where that is wanted', async () => {
  const { sounds, played, hears } = await rig();
  sounds.play('consumer', { file: 'file' });
  expect(Math.abs(hears(900) / 900 - 1)).toBeLessThan(0.02);
  hears(400);
  expect(played).toEqual(['consumer']);
  expect(hears(600)).toBe(0);
  sounds.play('consumer', { file: 'file', loop: true });
  hears(2_000);
  expect(Math.abs(hears(600) / 900 - 1)).toBeLessThan(0.02);
  expect(played).toEqual(['consumer']);
});

it('puts one sound in place of another', async () => {
  const { sounds, played, hears } = await rig();
  sounds.play('consumer', { tone: 'ringback' });
  hears(400);
  sounds.play('consumer', { file: 'file', loop: true });
  expect(Math.abs(hears(800) / 900 - 1)).toBeLessThan(0.02);
  expect(played).toEqual([]);
  sounds.stop('consumer');
});

it('refuses what the configuration does not have, and lets go on what is being heard', async () => {
  const { sounds, hears } = await rig();
  sounds.play('consumer', { file: 'file', loop: true });
  expect(() => sounds.play('consumer', { file: 'other' })).toThrow(
    expect.objectContaining({ code: 'MEDIA_NO_SOUND', detail: { file: 'other' } }),
  );
  expect(Math.abs(hears(800) / 900 - 1)).toBeLessThan(0.02);
  sounds.stop('consumer');
});

it('warns a phone that is back from hold by one tone, not by all that it missed', async () => {
  const { sounds, harness, hears } = await rig();
  harness.bridge.setPhonePlan(harness.plan({ direction: 'recvonly' }));
  for (let i = 0; i < 40; i++) {
    sounds.beep();
    hears(500);
  }
  harness.bridge.setPhonePlan(harness.plan());
  const before = harness.phoneHeard.length;
  for (let done = 0; done < 300; done += 20) harness.clock.advance(20);
  const heard = (await harness.phoneHears(before + 14)).slice(before + 3, before + 13);
  const pcm = decodeAll(new G722Decoder(), heard);
  expect(Math.abs(dominantFrequency(pcm, 16_000) / 1_400 - 1)).toBeLessThan(0.03);
  expect(levelDbfs(pcm)).toBeGreaterThan(-26);
  expect(levelDbfs(pcm)).toBeLessThan(-20);
});
