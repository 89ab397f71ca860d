import { execFile } from 'node:child_process';
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startWorld, type World } from '../../../src/cli/demo/world.ts';
import { type Bench, type BenchCase, type BenchOptions, benchCase } from '../bench.ts';
import { compileNative } from '../native/compile.ts';

const run = promisify(execFile);

const RATE = 50_000;
const SOURCES = 64;
/** RTP of PCMU, as the phone sends it; and of a payload type that Meta agreed to. */
const RTP = '80000000';
const META_RTP = '806f0000';
/** A binding request (RFC 8489 section 5) whose attributes are nothing. */
const STUN = '000100002112a442';

/** What a worker and one call have counted by now. */
interface Counted {
  readonly atMs: number;
  readonly cpuS: number;
  /** Packets of the call that never came or were thrown away, and all that were due; both legs. */
  readonly lost: number;
  readonly concealedMs: number;
  readonly due: number;
}

/**
 * One transcoded call through a whole gateway with one media worker, and a stranger that knows its ports: what
 * `RATE` packets a second at one of them cost the worker, and what the call loses meanwhile.
 */
export const flood: Bench = {
  name: 'flood',
  seconds: 10,
  run: async (options) => {
    const stranger = await compileNative(new URL('../native/flood.c', import.meta.url), []);
    if (!stranger) return [];
    const world = await startWorld({ codecs: ['PCMU'] });
    try {
      return await flooded(options, world, stranger);
    } finally {
      await world.close();
    }
  },
};

async function flooded({ seconds, say }: BenchOptions, world: World, stranger: string): Promise<BenchCase[]> {
  const call = world.simulator.consumer({ psid: '7000000001' }).call({ toneHz: 440 });
  const phone = await world.phones[0]?.nextCall();
  await Promise.all([call.firstAudio, phone?.firstAudio]);
  const { adminUrl } = world.gateway;
  const shown = await json<Shown>(`${adminUrl}/calls/${call.id}`);
  const trace = await json<Trace>(`${adminUrl}/calls/${call.id}/trace`);
  const plan = trace.entries.findLast(({ what }) => what.startsWith('phone agreed'));
  const [phonePort, metaPort] = [portOf(plan?.data?.['local']), portOf(shown.legs.webrtc.local)];
  await sleep(2_000);
  const cases: BenchCase[] = [];
  const measured = async (what: string, port: number | undefined, sources: number, first: string) => {
    const before = await counted(adminUrl, call.id);
    let sent = 0;
    if (port === undefined) await sleep(seconds * 1_000);
    else {
      const given = ['127.0.0.1', port, RATE, seconds, sources, first].map(String);
      sent = Number((await run(stranger, given)).stdout);
    }
    // Reports of the worker come once a second.
    await sleep(1_100);
    const after = await counted(adminUrl, call.id);
    const took = (after.atMs - before.atMs) / 1_000;
    const cpu = (100 * (after.cpuS - before.cpuS)) / took;
    const lost = (100 * (after.lost - before.lost)) / (after.due - before.due);
    say(
      `${what}: ${Math.round(sent / seconds)} packets/s left; load of the machine ${loadavg()[0]?.toFixed(1)}`,
    );
    cases.push(
      benchCase(`${what}: worker`, '% of a core', cpu),
      benchCase(`${what}: packets of the call lost`, '%', lost),
      benchCase(`${what}: concealed`, 'ms', after.concealedMs - before.concealedMs),
    );
    if (sent > 0) cases.push(benchCase(`${what}: sent`, 'packets/s', sent / seconds));
  };
  await measured('calm', undefined, 0, '');
  await measured('RTP to the phone leg, one source', phonePort, 1, RTP);
  await measured(`RTP to the phone leg, ${SOURCES} sources`, phonePort, SOURCES, RTP);
  await measured('RTP to the Meta leg', metaPort, 1, META_RTP);
  await measured(`STUN to the Meta leg, ${SOURCES} sources`, metaPort, SOURCES, STUN);
  await call.hangup();
  await world.nextRecord();
  return cases;
}

interface Leg {
  readonly received: number;
  readonly lost: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly concealedSamples: number;
}
interface Shown {
  readonly legs: {
    readonly consumer: Leg;
    readonly phone: Leg;
    readonly webrtc: { readonly local?: string };
  };
}
interface Trace {
  readonly entries: readonly { readonly what: string; readonly data?: Readonly<Record<string, string>> }[];
}

async function counted(adminUrl: string, callId: string): Promise<Counted> {
  const { legs } = await json<Shown>(`${adminUrl}/calls/${callId}`);
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  const cpuS = Number(/^msgw_media_worker_cpu_seconds_total\{[^}]*\} (\S+)$/m.exec(metrics)?.[1]);
  const both = [legs.consumer, legs.phone];
  const sum = (of: (leg: Leg) => number): number => both.reduce((all, leg) => all + of(leg), 0);
  // What a stranger sent is no packet of the call.
  const strange = ({ dropped }: Leg): number =>
    (dropped['source'] ?? 0) + (dropped['auth'] ?? 0) + (dropped['payloadType'] ?? 0);
  return {
    atMs: performance.now(),
    cpuS,
    lost: sum(({ lost, dropped }) => lost + (dropped['flood'] ?? 0)),
    concealedMs: legs.consumer.concealedSamples / 48 + legs.phone.concealedSamples / 8,
    due: sum((leg) => leg.received - strange(leg) + leg.lost),
  };
}

async function json<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}

/** Of `address:port`. */
function portOf(text: string | undefined): number {
  const port = Number(text?.slice(text.lastIndexOf(':') + 1));
  if (!(port > 0)) throw new Error(`no port in ${text}`);
  return port;
}
