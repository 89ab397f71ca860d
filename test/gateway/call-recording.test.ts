import { afterEach, expect, it } from 'vitest';
import { CallRecording } from '../../src/gateway/media/call-recording.ts';
import { RecordDesk, type RecordingSummary } from '../../src/media/index.ts';
import { Harness, opus } from '../media/bridge/harness.ts';
import { Disk } from '../media/record/disk.ts';

const open: Harness[] = [];
afterEach(async () => {
  for (const harness of open.splice(0)) await harness.close();
  expect(opus.open).toBe(0);
});

async function rig(
  mode: 'always' | 'on-demand',
  announces: boolean,
): Promise<{
  recording: CallRecording;
  beeps: number[];
  started: string[];
  ended: RecordingSummary[];
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}> {
  const harness = await Harness.open('PCMU');
  open.push(harness);
  const { clock, bridge } = harness;
  const desk = new RecordDesk({
    clock,
    opus,
    directory: '/nowhere',
    format: 'wav',
    bitrate: 24_000,
    complexity: 1,
    openSink: async () => new Disk(),
  });
  const beeps: number[] = [];
  const started: string[] = [];
  const ended: RecordingSummary[] = [];
  const recording = new CallRecording({
    call: 'c_1',
    bridge,
    desk,
    mode,
    consentToneMs: 15_000,
    announces,
    clock,
    beep: () => beeps.push(clock.monotonic()),
    onStarted: (file) => started.push(file),
    onRecorded: (summary) => ended.push(summary),
    onTrouble: (_code, message) => {
      throw new Error(message);
    },
  });
  const advance = async (ms: number): Promise<void> => {
    for (let done = 0; done < ms; done += 20) {
      clock.advance(20);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const close = async (): Promise<void> => {
    let closed = false;
    const closing = recording.close().then(() => {
      closed = true;
    });
    while (!closed) await advance(20);
    await closing;
  };
  return { recording, beeps, started, ended, advance, close };
}

it('warns soon after it begins, and does not beep into what is announced', async () => {
  const plain = await rig('always', false);
  plain.recording.opened();
  await plain.advance(16_000);
  expect(plain.beeps).toEqual([500, 15_500]);
  await plain.close();
  const announced = await rig('always', true);
  announced.recording.opened();
  await announced.advance(16_000);
  expect(announced.beeps).toEqual([15_000]);
  await announced.close();
});

it('warns soon after the operator begins it, whatever was announced at the beginning of the call', async () => {
  const { recording, beeps, started, ended, advance, close } = await rig('on-demand', true);
  recording.opened();
  await advance(5_000);
  recording.act('start');
  await advance(1_000);
  expect(beeps).toEqual([5_500]);
  await close();
  expect(ended).toMatchObject([{ complete: true, file: started[0] }]);
  expect(() => recording.act('pause')).toThrow(expect.objectContaining({ code: 'MEDIA_RECORD_REFUSED' }));
});
