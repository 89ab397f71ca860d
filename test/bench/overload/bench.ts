import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { APP_SECRET, GatewayProcess, PAGE, PAGE_TOKEN } from '../../support/gateway-process.ts';
import { type Bench, type BenchCase, type BenchOptions, benchCase } from '../bench.ts';
import { GatewayCalls } from '../calls/gateway-calls.ts';
import { CallLoad, type LoadReport } from '../calls/load.ts';
import { makeVoices } from '../calls/voice.ts';
import { type RefusalPorts, refusalTimes } from '../wire/refusal-times.ts';
import { Wire } from '../wire/wire.ts';
import { type Storm, storm } from './storm.ts';

/** What the gateway is told to admit, new calls a second, and how much more comes. */
const ADMITTED = 5;
const TIMES = 10;
/** Of these, from phones. */
const PHONES_PER_SECOND = 5;
const HELD = 20;
/** From the last set-up until each stream is placed by ear, ms. */
const SETTLE_MS = 5_000;
/** The same twice: in the first, code runs that never ran before, at both ends. */
const STORMS = ['first storm', 'second storm'] as const;
const RECOVERY_PATIENCE_MS = 20_000;

/**
 * Calls are held, their media by the load program; then ten times the admitted rate comes for a while. What those who
 * talk lose, how soon who is refused hears of it, how soon webhooks are answered, and when the next call comes off.
 */
export const overload: Bench = {
  name: 'overload',
  seconds: 10,
  run: async (options) => {
    const load = await CallLoad.start(await makeVoices());
    if (!load) return [];
    try {
      return await run(options, load);
    } finally {
      await load.stop();
    }
  },
};

async function run({ seconds, say }: BenchOptions, load: CallLoad): Promise<BenchCase[]> {
  const calls = await GatewayCalls.start('PCMU', { page: PAGE, token: PAGE_TOKEN, secret: APP_SECRET });
  const { simulator, phone } = calls;
  const gateway = await GatewayProcess.start({
    codec: 'PCMU',
    opusComplexity: 1,
    maxCalls: 1_000,
    launcher: [],
    graphUrl: simulator.graphUrl,
    phone: { host: phone.host, port: phone.port },
    configure: (yaml) => {
      yaml['outbound'] = { rules: [{ trunk: 'phone', page: PAGE }] };
      yaml['limits'] = { maxCalls: 1_000, setupsPerSecond: ADMITTED };
      yaml['media'] = { workers: 1, opusComplexity: 1 };
    },
  });
  simulator.setWebhookUrl(gateway.webhookUrl);
  const ports: RefusalPorts = {
    webhook: Number(new URL(gateway.webhookUrl).port),
    graph: Number(new URL(simulator.graphUrl).port),
    sip: gateway.sipPort,
  };
  try {
    for (let i = 0; i < HELD; i += 1) {
      const { ends } = await calls.make();
      await load.add(ends);
      await sleep(1_000 / ADMITTED);
    }
    await sleep(SETTLE_MS);
    const calm = await lossDuring(load, () => sleep(seconds * 1_000));
    say(`${HELD} calls held: ${percent(calm)} % of frames lost; load of the machine ${load1()}`);
    const result = [benchCase('frames that held calls lost, calm', '%', percent(calm))];
    for (const [index, name] of STORMS.entries()) {
      let came: Storm | undefined;
      const stormy = await lossDuring(load, async () => {
        const consumersPerSecond = ADMITTED * TIMES - PHONES_PER_SECOND;
        const of = {
          consumersPerSecond,
          phonesPerSecond: PHONES_PER_SECOND,
          seconds,
          from: index * 1_000_000,
        };
        came = await onWire(ports, () => storm({ simulator, phone, sipPort: gateway.sipPort, ...of }));
      });
      if (!came) throw new Error('there was no storm');
      const recoveredMs = await recovered(calls);
      say(
        `${name}: ${came.offered} calls in ${seconds} s, ${came.admitted} admitted, ${came.not200} webhooks not answered 200; load ${load1()}`,
      );
      result.push(...cases(name, { stormy, came, recoveredMs, seconds }));
      // The last calls end, and the gateway may admit a burst again.
      await sleep(SETTLE_MS);
    }
    return result;
  } finally {
    await gateway.kill();
    await calls.close();
  }
}

/** The times of a storm as the wire tells them, where it may be looked at. */
async function onWire(ports: RefusalPorts, work: () => Promise<Storm>): Promise<Storm> {
  const wire = await Wire.watch(Object.values(ports));
  const came = await work();
  if (!wire) return came;
  const times = refusalTimes(await wire.stop(), ports);
  const { rejectMs, refusedMs, webhookMs } = came;
  const missing = [
    rejectMs.length - times.rejectMs.length,
    refusedMs.length - times.refusedMs.length,
    webhookMs.length - times.webhookMs.length,
  ];
  if (missing.some((count) => count > 0)) throw new Error(`the wire did not show all: ${missing.join()}`);
  return { ...came, ...times };
}

function cases(
  storm: string,
  of: {
    readonly stormy: LoadReport;
    readonly came: Storm;
    readonly recoveredMs: number;
    readonly seconds: number;
  },
): BenchCase[] {
  const { stormy, came, recoveredMs, seconds } = of;
  return [
    benchCase(
      `${storm}: offered to admitted, once the burst is over`,
      'x',
      came.offered / seconds / ADMITTED,
    ),
    benchCase(`${storm}: admitted`, 'calls/s', came.admitted / seconds),
    benchCase(`${storm}: frames that held calls lost, in the storm`, '%', percent(stormy), {
      target: { atMost: 0.1 },
    }),
    benchCase(`${storm}: load program late meanwhile, p99`, 'ms', stormy.lagP99Ms),
    benchCase(`${storm}: the ends of these calls late meanwhile, longest`, 'ms', came.endsLateMs),
    benchCase(`${storm}: webhook to reject at Meta, p50`, 'ms', percentile(came.rejectMs, 50)),
    benchCase(`${storm}: webhook to reject at Meta, p99`, 'ms', percentile(came.rejectMs, 99), {
      target: { atMost: 100 },
    }),
    benchCase(`${storm}: INVITE to 503, p99`, 'ms', percentile(came.refusedMs, 99), {
      target: { atMost: 100 },
    }),
    benchCase(`${storm}: webhook to 200, p50`, 'ms', percentile(came.webhookMs, 50)),
    benchCase(`${storm}: webhook to 200, longest`, 'ms', Math.max(...came.webhookMs), {
      target: { atMost: 200 },
    }),
    benchCase(`${storm}: webhooks not answered 200`, 'webhooks', came.not200, { target: { atMost: 0 } }),
    benchCase(`${storm}: end of the storm to the next call that rings`, 'ms', recoveredMs, {
      target: { atMost: 2_000 },
    }),
  ];
}

async function lossDuring(load: CallLoad, work: () => Promise<unknown>): Promise<LoadReport> {
  await load.begin();
  await work();
  return load.end();
}

/** How long it takes from now until a consumer's call comes off, ms. */
async function recovered(calls: GatewayCalls): Promise<number> {
  const began = performance.now();
  while (performance.now() - began < RECOVERY_PATIENCE_MS) {
    const call = calls.simulator.consumer({ psid: '7999999999' }).call({ toneHz: 440 });
    const came = await Promise.race([call.accepted.then(() => true), call.ended.then(() => false)]);
    const tookMs = performance.now() - began;
    await call.hangup();
    if (came) return tookMs;
    await sleep(50);
  }
  return Number.POSITIVE_INFINITY;
}

function percent({ toPhone, toConsumer }: LoadReport): number {
  const lost = [toPhone, toConsumer].reduce(
    (sum, { sent, received, unplaced }) => sum + Math.max(0, sent - received - unplaced),
    0,
  );
  return (100 * lost) / (toPhone.sent + toConsumer.sent);
}

function percentile(values: readonly number[], at: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * at) / 100))] ?? Number.NaN;
}

const load1 = (): string => loadavg()[0]?.toFixed(1) ?? '';
