import { writeFileSync } from 'node:fs';
import type { LadderStep } from '../../gateway/index.ts';
import type { SimEvent } from '../../sim/index.ts';
import { formatOf, traceAs } from '../trace-format.ts';
import { type Arrow, judge, makeCall, tenth, writeWavs } from './one-call.ts';
import { CODECS, type DemoOptions, type DemoResult } from './options.ts';
import { callOut } from './outbound-call.ts';
import { ownAddress } from './own-address.ts';
import { printLadder, printResult } from './print.ts';
import { accountLines, registered, softphoneWorld } from './softphone.ts';
import { demoAccount, startWorld, type World, type WorldOptions } from './world.ts';

/** `msgw demo`: returns the exit code. With `--json` the last line of standard output is one JSON object. */
export async function demoCommand(options: DemoOptions): Promise<number> {
  const arrows = new Map<string, Arrow[]>();
  const all: Arrow[] = [];
  const add = (callId: string | undefined, arrow: Arrow): void => {
    all.push(arrow);
    if (!callId) return;
    const list = arrows.get(callId) ?? [];
    list.push(arrow);
    arrows.set(callId, list);
  };
  let world: World | undefined;
  const softphone = options.softphone
    ? softphoneWorld({ sipPort: options.sipPort, ...(options.address && { address: options.address }) })
    : undefined;
  try {
    world = await startWorld({
      ...phoneOptions(options),
      codecs: [CODECS[options.codec]],
      ...softphone?.world,
      platform: options.platform,
      ...(options.outbound ? { configure: mayCallOut(options) } : {}),
      onLadder: ({ callId, atMs, from, to, what }: LadderStep) => add(callId, { atMs, from, to, what }),
      // Of the simulator's own view only what the gateway cannot see.
      onSimEvent: ({ callId, atMs, from, to, what }: SimEvent) => {
        if (from === 'consumer' || to === 'consumer') add(callId, { atMs, from, to, what });
      },
    });
    if (softphone) {
      for (const line of accountLines(world, softphone)) note(options, line);
      await untilRegistered(world);
      note(options, 'It has registered, and rings now.');
    }
    const result = options.outbound
      ? [await callOut(world, options, all)]
      : await callsOf(world, options, arrows);
    if (options.trace !== undefined) await writeTrace(world, options.trace, result[0]?.record);
    if (options.keep) await keep(world, options);
    await world.close();
    print(result, options);
    return result.every(({ ok }) => ok) ? 0 : 1;
  } catch (error) {
    await world?.close();
    const reason = `${error instanceof Error ? error.message : String(error)}${whyOf(world)}`;
    const ladder = sinceTheFirst([...arrows.values()].flat());
    if (options.json) console.log(JSON.stringify({ ok: false, reasons: [reason], ladder }));
    else {
      if (ladder.length > 0) printLadder(ladder);
      console.error(`The demo failed: ${reason}`);
    }
    return 1;
  }
}

/** Ctrl-C ends the wait. */
async function untilRegistered(world: World): Promise<void> {
  const given = new AbortController();
  const stop = (): void => given.abort(new Error('no softphone registered'));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    await registered(world, given.signal);
  } catch (error) {
    throw given.signal.aborted ? given.signal.reason : error;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

/** What happened in one call, in the format that the name of the file asks for. */
async function writeTrace(
  world: World,
  file: string,
  record: DemoResult['record'] | undefined,
): Promise<void> {
  const trace = await world.gateway.traces.view(String(record?.['callId']));
  if (!trace) throw new Error('the call has no trace');
  writeFileSync(file, traceAs(trace, formatOf(file)));
}

/** The demo's phone may call out as the demo's Page or number. */
function mayCallOut({ platform, permission }: DemoOptions): (yaml: Record<string, unknown>) => void {
  const rule = { trunk: 'phone1', page: demoAccount(platform), requestPermission: permission === false };
  return (yaml) => {
    yaml['outbound'] = { rules: [rule] };
  };
}

async function callsOf(
  world: World,
  options: DemoOptions,
  arrows: ReadonlyMap<string, Arrow[]>,
): Promise<DemoResult[]> {
  const stories = await Promise.all(
    Array.from({ length: options.calls }, (_, i) => makeCall(world, options, i)),
  );
  return stories.map((story) => {
    if (options.wav) for (const file of writeWavs(options.wav, story)) note(options, `wrote ${file}`);
    const own = [...(arrows.get(story.consumer.id) ?? [])].sort((a, b) => a.atMs - b.atMs);
    return judge(
      { ...story, record: recordOf(world, story.consumer.id) ?? story.record },
      world,
      options,
      own,
    );
  });
}

/** What the gateway made of it, when it came to a record: "unreachable, SIP 408, timeout". */
function whyOf(world: World | undefined): string {
  const { cause, detail } = world?.records.at(-1) ?? {};
  return cause === undefined ? '' : ` (${[cause, detail].filter((part) => part !== undefined).join(', ')})`;
}

/** In order, with the times of one call: ms since its first arrow. */
function sinceTheFirst(arrows: readonly Arrow[]): Arrow[] {
  const sorted = [...arrows].sort((a, b) => a.atMs - b.atMs);
  const began = sorted[0]?.atMs ?? 0;
  return sorted.map((arrow) => ({ ...arrow, atMs: tenth(arrow.atMs - began) }));
}

/** Several calls end in any order: each record names its call. */
function recordOf(world: World, callId: string): Record<string, unknown> | undefined {
  return world.records.find((record) => record['callId'] === callId);
}

/** Stays up until a signal. */
async function keep(world: World, options: DemoOptions): Promise<void> {
  note(options, `webhooks  ${world.gateway.webhookUrl}`);
  for (const { protocol, address, port } of world.gateway.sipContacts)
    note(options, `SIP       ${protocol} ${address}:${port}`);
  note(options, `admin     ${world.gateway.adminUrl}/health/ready`);
  note(
    options,
    `simulator ${world.simulator.graphUrl}/sim/calls (${options.platform === 'whatsapp' ? 'number' : 'page'} ${demoAccount(options.platform)})`,
  );
  note(
    options,
    'Another call: curl -X POST -H "content-type: application/json" -d "{}" that simulator address. Ctrl-C ends.',
  );
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

function print(results: readonly DemoResult[], options: DemoOptions): void {
  const [first] = results;
  if (!first) return;
  if (options.json) {
    console.log(
      JSON.stringify(results.length === 1 ? first : { ok: results.every(({ ok }) => ok), calls: results }),
    );
    return;
  }
  if (results.length === 1) printLadder(first.ladder);
  const ourPhone = !options.softphone && options.phone === undefined;
  for (const result of results) printResult(result, ourPhone);
}

/** With `--json` standard output belongs to the one object. */
function note(options: DemoOptions, line: string): void {
  if (options.json) console.error(line);
  else console.log(line);
}

function phoneOptions({ phone }: DemoOptions): Pick<WorldOptions, 'phone' | 'address'> {
  if (!phone) return {};
  const parts = /^sips?:([^@]+)@(\[[^\]]+\]|[^:;]+)(?::(\d+))?/.exec(phone);
  if (!parts) throw new Error(`--phone ${phone}: write it as sip:user@host:port`);
  const [, user = '', host = '', port = '5060'] = parts;
  return { phone: { user, host, port: Number(port) }, address: addressToward(host) };
}

/** The phone must be able to answer: an address of the machine, unless it is on this machine itself. */
function addressToward(host: string): string {
  if (host === 'localhost' || host.startsWith('127.')) return '127.0.0.1';
  return ownAddress();
}
