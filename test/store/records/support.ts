import { readdir, readFile, readlink } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/shared/clock.ts';
import type { Log } from '../../../src/shared/log.ts';
import { RecordSinks, type RecordsConfig } from '../../../src/store/index.ts';

export interface LogRecorder extends Log {
  readonly events: string[];
  readonly lines: { readonly event: string; readonly fields: object }[];
}

export function recorder(): LogRecorder {
  const events: string[] = [];
  const lines: { event: string; fields: object }[] = [];
  const take = (fields: object, event: string): void => {
    events.push(event);
    lines.push({ event, fields });
  };
  return { events, lines, debug: take, info: take, warn: take, error: take };
}

export const ROTATE = { maxBytes: 0, daily: false, keep: 0, keepDays: 0, gzip: false } as const;

/** As a gateway writes one, shortened. */
export const record = (callId: string, more: object = {}) => ({
  v: 1,
  callId,
  pageId: '102030405060708',
  psid: '7000000001',
  direction: 'user_initiated',
  cause: 'consumer-hangup',
  endedBy: 'consumer',
  answered: true,
  trunk: 'pbx',
  target: 'pbx/600',
  milestones: { webhook: 1_789_000_000_000, ended: 1_789_000_060_000 },
  ringMs: 5_000,
  talkMs: 50_000,
  ...more,
});

export const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

/** Sinks that are closed at the end of the test, unless `kill` was quicker: then they are as after a crash. */
export async function openSinks(
  config: Partial<RecordsConfig>,
  options: Partial<Parameters<typeof RecordSinks.open>[0]> = {},
): Promise<RecordSinks> {
  const sinks = await RecordSinks.open({
    config: { path: 'off', rotate: ROTATE, ...config },
    spoolPath: undefined,
    stream: nowhere(),
    clock: systemClock,
    log: recorder(),
    random: Math.random,
    ...options,
  });
  onTestFinished(() => sinks.close());
  return sinks;
}

export const jsonLines = async (path: string): Promise<Record<string, unknown>[]> =>
  (await readFile(path, 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** Files of this folder that this process has open. */
export async function openIn(folder: string): Promise<string[]> {
  const names = await readdir('/proc/self/fd');
  const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(folder));
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
