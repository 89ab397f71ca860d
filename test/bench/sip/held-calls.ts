import { setTimeout as sleep } from 'node:timers/promises';
import { SippLoad } from './sipp-load.ts';
import type { Subject } from './subject.ts';

/** How many calls a second fill the server. */
const RATE = 300;
/** Longer than all transactions of a call live (64*T1). */
const TRANSACTIONS_END_MS = 36_000;

export interface Held {
  readonly dialogs: number;
  /** The highest that was seen while the calls came in and after: of the server's process, and of the application's. */
  readonly peakRssBytes: number;
  readonly appPeakRssBytes: number;
  /** Of the server's thread, garbage and transactions gone. */
  readonly bytesPerDialog: number;
}

/** Calls that stay up, and what they cost. */
export async function hold(subject: Subject, app: Subject, dialogs: number): Promise<Held> {
  const before = await subject.read('settle');
  let peakRssBytes = 0;
  let appPeakRssBytes = 0;
  const args = [
    '-sn',
    'uac',
    '-r',
    String(RATE),
    '-m',
    String(dialogs),
    '-l',
    String(dialogs),
    '-d',
    '3600000',
  ];
  const sipp = await SippLoad.start(args, subject.address);
  const until = performance.now() + (dialogs / RATE) * 2000 + 5000;
  let held = 0;
  let full = Number.POSITIVE_INFINITY;
  while (performance.now() < until && performance.now() < full + TRANSACTIONS_END_MS) {
    await sleep(500);
    const now = await subject.read();
    peakRssBytes = Math.max(peakRssBytes, now.rssBytes);
    appPeakRssBytes = Math.max(appPeakRssBytes, (await app.read()).rssBytes);
    held = Math.max(held, now.dialogs);
    if (held >= dialogs) full = Math.min(full, performance.now());
  }
  const after = await subject.read('settle');
  await sipp.finish(0);
  const grown = after.serverHeapBytes - before.serverHeapBytes;
  return { dialogs: held, peakRssBytes, appPeakRssBytes, bytesPerDialog: grown / after.dialogs };
}
