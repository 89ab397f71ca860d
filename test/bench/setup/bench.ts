import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, type BenchCase, benchCase } from '../bench.ts';
import { onCore } from '../machine.ts';
import { sustained } from '../sip/search.ts';
import { inviteTimes } from '../wire/invite-times.ts';
import { Wire } from '../wire/wire.ts';
import { LAST_CORE, Load } from './load.ts';
import type { Stretch } from './load-protocol.ts';
import { Subject } from './subject.ts';

/** Calls a second at which times are measured: an hour of it is 18,000 calls. */
const RATE = 5;
const WARM_CALLS = 60;
/** Enough for a 99th percentile. */
const SIGNALLING_CALLS = 500;
/** The media worker tells its CPU once a second. */
const SETTLE_MS = 1_500;

/**
 * Set-ups of calls through `msgw run`, all of its threads on one core; consumers, phone and Graph are in another process on
 * another core. Webhook to INVITE is timed on the wire, where that may be looked at; what Graph takes to say who calls is
 * in it. Other times hold what that process takes for its ends, so they are an upper bound; there is no baseline, because
 * nothing else does this.
 */
export const setup: Bench = {
  name: 'setup',
  awake: true,
  run: async ({ seconds, say }) => {
    const load = await Load.start();
    try {
      const subject = await Subject.start(load);
      try {
        load.setWebhookUrl(subject.webhookUrl);
        await load.run(RATE * 2, WARM_CALLS, true);
        const told = async (rate: number, calls: number, audio: boolean): Promise<Stretch> => {
          const stretch = await load.run(rate, calls, audio);
          const { failed, ownCpuShare } = stretch;
          const what = audio ? 'with audio' : 'ringing only';
          const own = `${Math.round(ownCpuShare * 100)} % of a core for their other ends`;
          say(`${calls} calls ${what}, ${rate} a second: ${failed} failed; ${own}`);
          return stretch;
        };
        const ports = { webhook: Number(new URL(subject.webhookUrl).port), phone: load.phonePort };
        const wire = await Wire.watch(Object.values(ports), onCore(LAST_CORE));
        const ringing = await told(RATE * 4, SIGNALLING_CALLS, false);
        const onWireMs = wire && inviteTimes(await wire.stop(), ports);
        if (onWireMs && onWireMs.length < ringing.inviteMs.length)
          throw new Error('the wire did not show all INVITEs');
        const before = await settled(subject);
        const calls = Math.max(100, RATE * seconds * 4);
        const talking = await told(RATE, calls, true);
        const after = await settled(subject);
        const each = (part: 'process' | 'main' | 'media'): number => (after[part] - before[part]) / calls;
        let generatorShare = 0;
        const rate = await sustained(RATE * 4, async (wanted) => {
          const stretch = await told(wanted, Math.round(wanted * seconds), true);
          generatorShare = Math.max(generatorShare, stretch.ownCpuShare);
          const reached = stretch.twoWayMs.length / stretch.startedWithinS;
          return stretch.failed === 0 && reached > wanted * 0.95 && percentile(stretch.twoWayMs, 95) < 1_000;
        });
        return cases({ ringing, onWireMs, talking, rate, generatorShare, each });
      } finally {
        await subject.stop();
      }
    } finally {
      await load.stop();
    }
  },
};

function cases(of: {
  ringing: Stretch;
  /** Undefined where the wire may not be looked at. */
  onWireMs: readonly number[] | undefined;
  talking: Stretch;
  rate: number;
  generatorShare: number;
  each: (part: 'process' | 'main' | 'media') => number;
}): BenchCase[] {
  const { ringing, onWireMs, talking, each } = of;
  const failed = ringing.failed + talking.failed;
  return [
    benchCase('calls that failed while times were measured', 'calls', failed, { target: { atMost: 0 } }),
    ...(onWireMs
      ? [
          benchCase('webhook to INVITE, p50', 'ms', percentile(onWireMs, 50)),
          benchCase('webhook to INVITE, p99', 'ms', percentile(onWireMs, 99), { target: { atMost: 25 } }),
        ]
      : []),
    benchCase(
      'Call pressed to INVITE at the phone, what both take for it included, p99',
      'ms',
      percentile(ringing.inviteMs, 99),
    ),
    benchCase('phone picked up to audio both ways, p50', 'ms', percentile(talking.twoWayMs, 50)),
    benchCase('phone picked up to audio both ways, p95', 'ms', percentile(talking.twoWayMs, 95), {
      target: { atMost: 150 },
    }),
    benchCase('CPU of the gateway a call set up and ended', 'ms/call', each('process')),
    benchCase('of these, main thread', 'ms/call', each('main')),
    benchCase('of these, media worker', 'ms/call', each('media')),
    benchCase('set-ups a second, one core for the gateway, one for the other ends', 'calls/s', of.rate),
    benchCase('core of the other ends at most busy meanwhile', '%', of.generatorShare * 100),
  ];
}

async function settled(subject: Subject): ReturnType<Subject['cpu']> {
  await sleep(SETTLE_MS);
  return subject.cpu();
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN;
}
