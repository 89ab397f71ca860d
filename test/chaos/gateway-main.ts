import dns from 'node:dns';
import { readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../src/config/index.ts';
import { Gateway } from '../../src/gateway/index.ts';
import { createLogger } from '../../src/observe/index.ts';
import { systemClock } from '../../src/shared/clock.ts';
import { GatewayError } from '../../src/shared/error.ts';
import { ThreadHeaps } from '../support/thread-heaps.ts';
import type { GatewayAnswer, GatewayAsk, Measure } from './gateway-protocol.ts';

/**
 * The gateway as `msgw run` starts it, in a process that can be killed, and whose world can be bent from outside: its
 * wall clock, its resolver, its disk, its media workers.
 */
const [, , file = ''] = process.argv;
const loaded = loadConfig(file);
if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
const send = (answer: GatewayAnswer): void => void process.send?.(answer);
let offsetMs = 0;
let isDnsGone = false;

const { lookup } = dns;
dns.lookup = ((host: string, ...rest: unknown[]) => {
  const done = rest.at(-1) as (error: Error) => void;
  const gone = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND', host });
  if (isDnsGone) return void setImmediate(() => done(gone));
  return (lookup as (...args: unknown[]) => void)(host, ...rest);
}) as typeof dns.lookup;

let syncMs = 0;
const probe = await open(file, 'r');
const handles = Object.getPrototypeOf(probe) as { datasync(): Promise<void> };
await probe.close();
const { datasync } = handles;
handles.datasync = async function (this: unknown) {
  if (syncMs > 0) await sleep(syncMs);
  return datasync.call(this);
};

const log = createLogger({ level: loaded.value.log.level });
const survive = (error: unknown): void =>
  log.error(
    { code: 'GATEWAY_BUG', err: error instanceof Error ? error.stack : String(error) },
    'gateway.bug',
  );
process.on('uncaughtException', survive);
process.on('unhandledRejection', survive);
process.on('disconnect', () => process.exit());

const heaps = new ThreadHeaps();
const gateway = await Gateway.start({
  config: loaded.value,
  version: 'chaos',
  clock: { ...systemClock, now: () => Date.now() + offsetMs },
  log,
  recordStream: process.stdout,
}).catch((error: unknown) => {
  const failed = error instanceof GatewayError ? error.line : String(error);
  log.error({ err: failed }, 'gateway.start-failed');
  process.send?.({ failed } satisfies GatewayAnswer, () => process.exit(1));
  return new Promise<Gateway>(() => {});
});
process.on('message', (ask: GatewayAsk) => {
  answer(ask).then(send, (error: unknown) => {
    survive(error);
    send({ id: ask.id });
  });
});
send({ ready: { webhookUrl: gateway.webhookUrl, adminUrl: gateway.adminUrl } });

async function answer(ask: GatewayAsk): Promise<GatewayAnswer> {
  const { id } = ask;
  switch (ask.ask) {
    case 'clock':
      offsetMs = ask.offsetMs;
      return { id };
    case 'dns':
      isDnsGone = ask.gone;
      return { id };
    case 'disk':
      syncMs = ask.syncMs;
      return { id };
    case 'crash-media':
      await gateway.crashMediaWorker();
      return { id };
    case 'measure':
      return { id, measure: await measure(ask.threads ?? false) };
    case 'close':
      await gateway.close();
      setImmediate(() => process.disconnect());
      return { id };
  }
}

async function measure(ofThreads: boolean): Promise<Measure> {
  const { calls, trunkCalls, media, sip } = await gateway.inventory();
  // Twice, and a turn apart: finalizers run in between.
  for (let i = 0; i < 2; i += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const threads = ofThreads ? await heaps.collect() : {};
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    heap: heapUsed,
    external,
    threads,
    rss,
    fds: readdirSync('/proc/self/fd').length,
    main: counted(process.getActiveResourcesInfo()),
    workers: counted(media.resources),
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    calls,
    trunkCalls,
    bridges: media.bridges,
    sip: { ...sip },
  };
}

function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
