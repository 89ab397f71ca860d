import { readFileSync, rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import type { Measure } from '../chaos/gateway-protocol.ts';
import { Site } from '../chaos/site.ts';
import { within } from '../chaos/wait.ts';
import { Random } from '../fuzz/random.ts';
import { argumentsOf, wrongUsage } from '../support/arguments.ts';
import { slope } from './slope.ts';
import { type CallKind, kindOf, soakCall } from './soak-call.ts';

/**
 * `npm run soak -- [--calls N] [--at-once N] [--seed S] [--json]`: calls of all kinds, one after another and some at once,
 * through one gateway's process. Every answered call is heard both ways; between portions all calls end, and what the
 * process holds is measured after a collection. Exit status 1 when something grew or stayed.
 */
const USAGE = 'soak [--calls N, default 5000] [--at-once N, default 24] [--seed S] [--json]';
const { values } = argumentsOf(USAGE, {
  calls: { type: 'string', default: '5000' },
  'at-once': { type: 'string', default: '24' },
  seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
  json: { type: 'boolean', default: false },
});
const calls = Number(values.calls);
const atOnce = Number(values['at-once']);
const seed = Number(values.seed);
if (!(Number.isInteger(calls) && calls >= 20)) wrongUsage(USAGE, '--calls: a whole number from 20');
if (!(Number.isInteger(atOnce) && atOnce >= 1)) wrongUsage(USAGE, '--at-once: a whole number from 1');
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Of all calls, those before the first measurement: caches fill, code is compiled. */
const WARM_SHARE = 0.2;
const PORTIONS = 10;
/** How long idle connections are kept (30 s to Graph) and last words may take, ms. */
const SETTLE_MS = 60_000;
/**
 * What the gateway means to remember of each call for hours (webhooks seen, graves, names, journal), bytes. Told from a
 * leak by its end: 200,000 webhooks, 50,000 graves. Measured over 5,000 calls: 764 of the main thread's heap, 10,964 of
 * the process. The latter is garbage of the SIP thread, which has so much room that it collects once in a thousand calls
 * or two: by V8's own trace the process fell from 475 to 414 MB at such a collection, below where it began.
 */
const HEAP_A_CALL = 4_000;
const RSS_A_CALL = 20_000;

const random = Random.of(seed, 0);
const problems: string[] = [];
const kinds: Partial<Record<CallKind, number>> = {};
const site = await Site.open({
  nodeArgs: ['--expose-gc'],
  configure: (yaml) => {
    yaml['limits'] = { ...(yaml['limits'] as object), setupsPerSecond: 1_000 };
  },
});

async function portion(count: number): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const kind = kindOf(random);
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      const wrong = await soakCall(site, kind, random);
      for (const each of wrong) say(each);
      problems.push(...wrong);
    }
  };
  // A tenth of them alone, one after the other.
  const alone = Math.ceil(count / 10);
  left = alone;
  await worker();
  left = count - alone;
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** When nothing is left of the calls, or the time for that is over. */
async function settled(isSettled: (measure: Measure) => boolean): Promise<Measure> {
  let last: Measure | undefined;
  await within(SETTLE_MS, async () => {
    last = (await site.gateway.ask({ ask: 'measure' }))?.measure;
    return last !== undefined && isSettled(last);
  });
  if (!last) throw new Error('the gateway is gone');
  return last;
}

const isIdle = ({ calls: open, trunkCalls, bridges, sip }: Measure): boolean =>
  open + trunkCalls + bridges + Number(sip['invites']) + Number(sip['dialogs']) === 0;

/** What is there more of than before, by kind. */
function more(before: Measure, after: Measure): string[] {
  const grown: string[] = [];
  for (const where of ['main', 'workers'] as const)
    for (const [kind, count] of Object.entries(after[where]))
      if (count > (before[where][kind] ?? 0))
        grown.push(`${where} ${kind}: ${before[where][kind] ?? 0} -> ${count}`);
  if (after.listeners > before.listeners) grown.push(`listeners: ${before.listeners} -> ${after.listeners}`);
  if (after.fds > before.fds) grown.push(`file descriptors: ${before.fds} -> ${after.fds}`);
  return grown;
}

const before = performance.now();
const warm = Math.max(10, Math.round(calls * WARM_SHARE));
await portion(warm);
const baseline = await settled(isIdle);
const series = [{ x: warm, heap: baseline.heap + baseline.external, rss: baseline.rss }];
let done = warm;
let last = baseline;
for (let i = 1; i <= PORTIONS; i += 1) {
  const until = warm + Math.round(((calls - warm) * i) / PORTIONS);
  await portion(until - done);
  done = until;
  last = await settled(isIdle);
  if (!isIdle(last)) problems.push(`after ${done} calls these are left: ${JSON.stringify(last)}`);
  series.push({ x: done, heap: last.heap + last.external, rss: last.rss });
  const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);
  const took = Math.round((performance.now() - before) / 1_000);
  say(
    `${done} calls, ${took} s, load ${loadavg()[0]?.toFixed(1)}: heap ${mb(last.heap)} MB, all ${mb(last.rss)} MB, ${last.fds} files`,
  );
}
const final = await settled((measure) => isIdle(measure) && more(baseline, measure).length === 0);
problems.push(...more(baseline, final));
const heapACall = Math.round(slope(series.map(({ x, heap }) => ({ x, y: heap }))));
const rssACall = Math.round(slope(series.map(({ x, rss }) => ({ x, y: rss }))));
// Over a few calls a collection more or less is all that is seen.
const isLong = calls >= 1_000;
if (isLong && heapACall > HEAP_A_CALL) problems.push(`the heap grew by ${heapACall} bytes a call`);
if (isLong && rssACall > RSS_A_CALL) problems.push(`the process grew by ${rssACall} bytes a call`);
const log = readFileSync(join(site.folder, 'log'), 'utf8');
if (log.includes('MaxListenersExceeded')) problems.push('listeners pile up: MaxListenersExceededWarning');
problems.push(...site.bugs(0).map((line) => `a bug: ${line.slice(0, 400)}`));
await site.close();
if (problems.length === 0) rmSync(site.folder, { recursive: true, force: true });
const result = {
  calls,
  seed,
  seconds: Math.round((performance.now() - before) / 1_000),
  kinds,
  heapBytesACall: heapACall,
  rssBytesACall: rssACall,
  baseline,
  final,
  ok: problems.length === 0,
  problems,
  ...(problems.length === 0 ? {} : { logs: site.folder }),
};
process.stdout.write(
  values.json
    ? `${JSON.stringify(result)}\n`
    : `${calls} calls: ${heapACall} bytes of heap and ${rssACall} of memory a call; ${problems.length === 0 ? 'all heard and ended' : problems.join('\n')}\n`,
);
process.exit(problems.length === 0 ? 0 : 1);
