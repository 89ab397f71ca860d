import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import type { Log } from '../../src/shared/log.ts';
import { openRecordFile, recordStream } from '../../src/store/index.ts';
import { tempDir } from './temp-dir.ts';

function recorder(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const take = (_: object, event: string): void => void lines.push(event);
  return { lines, debug: take, info: take, warn: take, error: take };
}

/** A stream whose reader takes its time. */
function slow(chunks: string[], fail = false): Writable {
  return new Writable({
    highWaterMark: 1,
    write: (chunk: Buffer, _, done) => {
      chunks.push(String(chunk));
      setImmediate(() => done(fail ? new Error('EPIPE') : null));
    },
  });
}

test('records go to a file in order; close waits for the last', async () => {
  const path = join(await tempDir(), 'records.jsonl');
  const log = recorder();
  const records = await openRecordFile(path, log);
  for (let n = 0; n < 200; n++) void records.write({ n });
  await records.close();
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).n)).toEqual(Array.from({ length: 200 }, (_, n) => n));
  expect(log.lines).toEqual([]);
});

test('a full disk is logged', async () => {
  const log = recorder();
  const records = await openRecordFile('/dev/full', log);
  void records.write({ n: 1 });
  await records.close();
  expect(log.lines).toEqual(['records.write-failed']);
});

test('records go to a stream in order; it stays open, without our listener', async () => {
  const chunks: string[] = [];
  const stream = slow(chunks);
  const listeners = stream.listenerCount('error');
  const records = recordStream(stream, recorder());
  for (let n = 0; n < 20; n++) void records.write({ n });
  await records.close();
  expect(chunks).toEqual(Array.from({ length: 20 }, (_, n) => `{"n":${n}}\n`));
  expect([stream.writable, stream.listenerCount('error')]).toEqual([true, listeners]);
});

test('a broken pipe is logged, and close still ends', async () => {
  const log = recorder();
  const records = recordStream(slow([], true), log);
  void records.write({ n: 1 });
  void records.write({ n: 2 });
  await records.close();
  expect(log.lines).toContain('records.write-failed');
});
