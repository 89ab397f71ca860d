import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { createOpusLibrary, dominantFrequency, levelDbfs, readWav } from '../../src/media/index.ts';
import type { ConsumerCall, PhoneCall } from '../../src/sim/index.ts';
import { readOggOpus } from '../media/record/ogg-reader.ts';
import { caller, until, worlds } from './world.ts';

/** Calls take as long as they last, on a machine that may be busy. */
vi.setConfig({ testTimeout: 90_000 });

const PHONE_HZ = 620;
const CONSUMER_HZ = 440;
const TONE_HZ = 1_400;

const opus = await createOpusLibrary('wasm');
const { start, closeAll } = worlds({ flows: true });
afterEach(closeAll);
const root = mkdtempSync(join(tmpdir(), 'recordings-'));
afterAll(() => rmSync(root, { recursive: true }));

interface Recorded {
  readonly file: string;
  readonly durationMs: number;
  readonly pausedMs: number;
  readonly gapMs: number;
  readonly complete: boolean;
}

async function talk(
  codec: 'PCMU' | 'G722' | 'opus',
  mode: string,
  recording: object = {},
): Promise<{
  directory: string;
  call: ConsumerCall;
  phone: PhoneCall;
  ask(action: string, id?: string): Promise<[number, Record<string, unknown>]>;
  /** Both hear each other for so long. */
  listen(seconds: number): Promise<void>;
  end(): Promise<readonly Recorded[] | undefined>;
  metrics(): Promise<string>;
  /** The media worker of the call dies. */
  crash(): Promise<readonly Recorded[] | undefined>;
}> {
  const directory = mkdtempSync(join(root, 'a-'));
  const world = await start({
    codecs: [codec],
    phoneToneHz: PHONE_HZ,
    configure: (yaml) => {
      yaml['recording'] = { directory, consentToneMs: 0, ...recording };
      Object.assign((yaml['routes'] as Record<string, object>)['desk'] ?? {}, { recording: mode });
    },
  });
  const call = world.simulator.consumer(caller).call({ toneHz: CONSUMER_HZ });
  const phone = await world.phones[0]?.nextCall();
  if (!phone) throw new Error('no phone');
  await Promise.all([call.firstAudio, phone.firstAudio]);
  return {
    directory,
    call,
    phone,
    ask: async (action, id = call.id) => {
      const reply = await fetch(`${world.gateway.adminUrl}/calls/${encodeURIComponent(id)}/recording`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ action }),
      });
      return [reply.status, (await reply.json()) as Record<string, unknown>];
    },
    listen: async (seconds) => {
      const since = call.recording().pcm.length;
      await until(() => call.recording().pcm.length > since + seconds * 16_000);
    },
    end: async () => {
      await call.hangup();
      const record = await world.nextRecord();
      await until(() => world.gateway.calls === 0);
      return record['recordings'] as readonly Recorded[] | undefined;
    },
    crash: async () => {
      for (const worker of [0, 1]) await world.gateway.crashMediaWorker(worker);
      return (await world.nextRecord())['recordings'] as readonly Recorded[] | undefined;
    },
    metrics: async () => (await fetch(`${world.gateway.adminUrl}/metrics`)).text(),
  };
}

function sidesOf(path: string): { left: Int16Array; right: Int16Array; rate: number } {
  if (path.endsWith('.opus')) return { ...readOggOpus(readFileSync(path), opus), rate: 48_000 };
  const { pcm, sampleRate } = readWav(readFileSync(path));
  const side = (offset: number): Int16Array =>
    Int16Array.from({ length: pcm.length / 2 }, (_, i) => pcm[2 * i + offset] as number);
  return { left: side(0), right: side(1), rate: sampleRate };
}

const near = (got: number, hz: number): boolean => Math.abs(got / hz - 1) < 0.02;

it.each([
  ['PCMU', 'wav', 8_000],
  ['PCMU', 'opus', 48_000],
  ['G722', 'wav', 16_000],
  ['G722', 'opus', 48_000],
  ['opus', 'wav', 16_000],
  ['opus', 'opus', 48_000],
] as const)('records a call of %s as %s: the consumer left, the phone right', async (codec, format, rate) => {
  const { directory, listen, end, metrics } = await talk(codec, 'always', { format });
  await listen(2.5);
  const recordings = await end();
  expect(recordings).toEqual([
    {
      file: expect.stringMatching(new RegExp(`^\\d{8}T\\d{6}\\.\\d{3}Z-[\\w-]+\\.${format}$`)),
      durationMs: expect.any(Number),
      pausedMs: 0,
      gapMs: 0,
      gaps: 0,
      complete: true,
    },
  ]);
  const [{ file, durationMs }] = recordings as [Recorded];
  expect(durationMs).toBeGreaterThan(2_000);
  expect(readdirSync(directory)).toEqual([file]);
  const { left, right, rate: written } = sidesOf(join(directory, file));
  expect(written).toBe(rate);
  expect(left.length).toBe((durationMs * rate) / 1_000);
  const middle = (pcm: Int16Array): Int16Array => pcm.subarray(rate, 2 * rate);
  expect(near(dominantFrequency(middle(left), rate), CONSUMER_HZ)).toBe(true);
  expect(near(dominantFrequency(middle(right), rate), PHONE_HZ)).toBe(true);
  expect(await metrics()).toContain('msgw_recordings_total{outcome="complete"} 1');
});

it('lets both hear that they are recorded, and keeps the tone out of the file', async () => {
  const { directory, call, phone, listen, end } = await talk('PCMU', 'always', {
    consentToneMs: 2_000,
    format: 'wav',
  });
  await listen(3.5);
  const recordings = await end();
  const beepsIn = (pcm: Int16Array, rate: number): number => {
    let beeps = 0;
    let was = false;
    for (let at = 0; at + rate / 20 <= pcm.length; at += rate / 20) {
      const part = pcm.subarray(at, at + rate / 20);
      const [re, im] = [Math.cos, Math.sin].map((wave) =>
        part.reduce((sum, sample, i) => sum + sample * wave((2 * Math.PI * TONE_HZ * i) / rate), 0),
      ) as [number, number];
      const is = Math.hypot(re, im) / part.length > 600;
      if (is && !was) beeps += 1;
      was = is;
    }
    return beeps;
  };
  for (const end of [call, phone]) {
    const { pcm, sampleRate } = end.recording();
    expect(beepsIn(pcm, sampleRate)).toBeGreaterThanOrEqual(2);
  }
  const { left, right, rate } = sidesOf(join(directory, recordings?.[0]?.file ?? ''));
  expect([beepsIn(left, rate), beepsIn(right, rate)]).toEqual([0, 0]);
});

it('starts, pauses, resumes and stops when the operator says so; each part is a file', async () => {
  const { directory, ask, listen, end } = await talk('G722', 'on-demand', { format: 'wav' });
  expect(await ask('pause')).toMatchObject([409, { problems: [{ code: 'MEDIA_RECORD_REFUSED' }] }]);
  expect(await ask('stop')).toMatchObject([200, { state: 'none' }]);
  const [, started] = await ask('start');
  expect(started).toMatchObject({ state: 'recording', file: expect.stringMatching(/\.wav$/) });
  // Asked twice, it is as asked once.
  expect(await ask('start')).toEqual([200, started]);
  await listen(1.5);
  expect(await ask('pause')).toMatchObject([200, { state: 'paused' }]);
  await listen(1.5);
  expect(await ask('resume')).toMatchObject([200, { state: 'recording' }]);
  await listen(1.5);
  expect(await ask('stop')).toMatchObject([200, { state: 'stopped', file: started['file'] }]);
  await listen(0.2);
  expect(await ask('start')).toMatchObject([200, { state: 'recording' }]);
  await listen(0.5);
  const recordings = (await end()) ?? [];
  expect(recordings.map(({ complete }) => complete)).toEqual([true, true]);
  const [first, second] = recordings as [Recorded, Recorded];
  expect(first.file).toBe(started['file']);
  expect(second.file).not.toBe(first.file);
  expect(readdirSync(directory).sort()).toEqual([first.file, second.file].sort());
  expect(first.pausedMs).toBeGreaterThan(1_000);
  const { left, right, rate } = sidesOf(join(directory, first.file));
  for (const [side, hz] of [
    [left, CONSUMER_HZ],
    [right, PHONE_HZ],
  ] as const) {
    expect(near(dominantFrequency(side.subarray(0.5 * rate, 1.2 * rate), rate), hz)).toBe(true);
    expect(near(dominantFrequency(side.subarray(-rate), rate), hz)).toBe(true);
    // What was said while it was paused is nowhere.
    const silent = Array.from({ length: Math.floor(side.length / (rate / 50)) }, (_, i) =>
      side.subarray((i * rate) / 50, ((i + 1) * rate) / 50),
    ).filter((frame) => levelDbfs(frame) === -Infinity).length;
    expect(silent * 20).toBeGreaterThanOrEqual(first.pausedMs - 20);
  }
});

it('says why it does not record', async () => {
  const off = await talk('PCMU', 'off');
  expect(await off.ask('start')).toMatchObject([409, { problems: [{ code: 'MEDIA_RECORD_REFUSED' }] }]);
  expect(await off.ask('start', 'c_unknown')).toMatchObject([404, { problems: [{ field: 'id' }] }]);
  expect(await off.ask('erase')).toMatchObject([400, {}]);
  expect(await off.end()).toBeUndefined();
  const always = await talk('PCMU', 'always');
  expect(await always.ask('stop')).toMatchObject([
    409,
    { problems: [{ message: expect.stringContaining('always') }] },
  ]);
  expect(await always.end()).toHaveLength(1);
});

it('goes on with the call when the folder is gone, and tells of it in the record and the metrics', async () => {
  const world = await talk('PCMU', 'on-demand');
  rmSync(world.directory, { recursive: true });
  expect(await world.ask('start')).toMatchObject([200, {}]);
  await world.listen(1);
  expect(near(world.call.heard().heardHz, PHONE_HZ)).toBe(true);
  expect(await world.ask('stop')).toMatchObject([200, { state: 'failed' }]);
  expect(await world.end()).toMatchObject([{ complete: false }]);
  const metrics = await world.metrics();
  expect(metrics).toContain('msgw_recordings_total{outcome="incomplete"} 1');
  expect(metrics).toContain('msgw_recording_troubles_total 1');
});

it('names in the record what a media worker that died left behind, and it can be played', async () => {
  const world = await talk('PCMU', 'always', { format: 'wav' });
  await world.listen(3);
  const recordings = await world.crash();
  const [file] = readdirSync(world.directory);
  expect(recordings).toEqual([{ file, complete: false }]);
  expect(file).toMatch(/\.wav\.part$/);
  const { left, right, rate } = sidesOf(join(world.directory, file ?? ''));
  expect(near(dominantFrequency(left.subarray(-rate), rate), CONSUMER_HZ)).toBe(true);
  expect(near(dominantFrequency(right.subarray(-rate), rate), PHONE_HZ)).toBe(true);
});
