import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeskPhone, MetaSimulator } from '../../../src/sim/index.ts';

export interface StormOptions {
  readonly simulator: MetaSimulator;
  readonly phone: DeskPhone;
  /** Of the gateway, for phones that dial. */
  readonly sipPort: number;
  /** Consumers who press *Call*, and phones that dial, each second. */
  readonly consumersPerSecond: number;
  readonly phonesPerSecond: number;
  readonly seconds: number;
  /** The first psid of those that press *Call* and of those that are dialled. */
  readonly from: number;
}

export interface Storm {
  /** From the webhook to the reject that Meta gets, ms, of each consumer who was refused. */
  readonly rejectMs: readonly number[];
  /** From the INVITE to its 503, ms. */
  readonly refusedMs: readonly number[];
  /** Of each webhook, ms; and how many were answered anything but 200. */
  readonly webhookMs: readonly number[];
  readonly not200: number;
  readonly offered: number;
  readonly admitted: number;
  /** Longest time that the ends of these calls, all on one thread, were late themselves, ms: it is in all times above. */
  readonly endsLateMs: number;
}

/** How long an admitted call talks, ms. */
const TALK_MS = 1_000;
const LAST_WORDS_MS = 5_000;

/** More calls than the gateway admits, from both sides, evenly. Resolves when all that was refused has its answer. */
export async function storm(options: StormOptions): Promise<Storm> {
  const { simulator, phone, sipPort, consumersPerSecond, phonesPerSecond, seconds, from } = options;
  const firstAnswer = simulator.webhooks.answers.length;
  const ids = new Set<string>();
  const refusedMs: number[] = [];
  const dialing: Promise<void>[] = [];
  let admitted = 0;
  const press = (index: number): void => {
    const call = simulator.consumer({ psid: String(8_000_000_000 + from + index) }).call({ toneHz: 440 });
    ids.add(call.id);
    void call.accepted.then(async () => {
      admitted += 1;
      await sleep(TALK_MS);
      await call.hangup();
    });
  };
  const dial = async (index: number): Promise<void> => {
    const psid = String(9_000_000_000 + from + index);
    simulator.consumer({ psid, permission: true });
    const call = await phone.dial({ number: psid, host: '127.0.0.1', port: sipPort });
    const began = performance.now();
    const end = await Promise.race([call.ended, call.answered]);
    if (end?.failure?.status === 503) refusedMs.push(performance.now() - began);
    if (end) return;
    admitted += 1;
    await sleep(TALK_MS);
    await call.hangup();
  };
  const late = monitorEventLoopDelay({ resolution: 1 });
  late.enable();
  const began = performance.now();
  const due = (perSecond: number): number =>
    Math.min(perSecond * seconds, Math.floor(((performance.now() - began) / 1_000) * perSecond) + 1);
  while (ids.size < consumersPerSecond * seconds || dialing.length < phonesPerSecond * seconds) {
    while (ids.size < due(consumersPerSecond)) press(ids.size);
    while (dialing.length < due(phonesPerSecond)) dialing.push(dial(dialing.length));
    await sleep(2);
  }
  await Promise.race([Promise.all(dialing), sleep(LAST_WORDS_MS)]);
  late.disable();
  const answers = simulator.webhooks.answers.slice(firstAnswer);
  return {
    rejectMs: rejectTimes(simulator, ids),
    refusedMs,
    webhookMs: answers.map(({ ms }) => ms),
    not200: answers.filter(({ status }) => status !== 200).length,
    offered: ids.size + dialing.length,
    admitted,
    endsLateMs: late.max / 1e6,
  };
}

/** By the simulator's own clock, in whole milliseconds. */
function rejectTimes({ events }: MetaSimulator, ids: ReadonlySet<string>): number[] {
  const told = new Map<string, number>();
  const times: number[] = [];
  for (const { callId, what, atMs } of events) {
    if (callId === undefined || !ids.has(callId)) continue;
    if (what === 'webhook connect') told.set(callId, atMs);
    const began = told.get(callId);
    if (what.startsWith('Graph reject -> 200') && began !== undefined) times.push(atMs - began);
  }
  return times;
}
