import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROUTES } from '../http/api/index.ts';
import { headWords, sinceStart, type TraceView, textHeader, textRows } from '../observe/index.ts';
import { type AdminPlace, askAdmin, downloadAdmin } from './admin-client.ts';
import { type AdminFlags, notDone, runWithAdmin } from './admin-place.ts';
import { type Answer, refused, said } from './answer.ts';
import { type TraceFormat, traceAs } from './trace-format.ts';

export interface TraceFlags extends AdminFlags {
  readonly format: TraceFormat;
  readonly messages?: boolean;
  readonly follow?: boolean;
  readonly out?: string;
}

export interface PcapFlags extends AdminFlags {
  readonly seconds: number;
  readonly payload?: boolean;
  readonly out?: string;
}

/** How often a call that is followed is asked for news, ms. */
const FOLLOW_MS = 1_000;
/** What the gateway may take beside the capture itself, ms. */
const PATIENCE_MS = 20_000;

/** Exit code 1 when no gateway is there or it has no such trace. */
export function traceRun(flags: TraceFlags, id: string): Promise<number> {
  return runWithAdmin(flags, (place) => (flags.follow ? follow(place, flags, id) : show(place, flags, id)));
}

export function pcapRun(flags: PcapFlags, id: string): Promise<number> {
  return runWithAdmin(flags, async (place) => {
    const { seconds, payload = false, out = `${id.replace(/[^A-Za-z0-9_-]/g, '-')}.pcapng` } = flags;
    const query = { seconds, payload: payload ? 'clear' : 'none' } as const;
    const asked = await downloadAdmin(
      place,
      ROUTES.capture,
      { params: { id }, query },
      seconds * 1_000 + PATIENCE_MS,
    );
    if (asked.kind !== 'file') return notDone(place, asked);
    return written(out, asked.bytes) ?? said({ file: out, bytes: asked.bytes.length }, [`wrote ${out}`]);
  });
}

async function show(place: AdminPlace, flags: TraceFlags, id: string): Promise<Answer> {
  const asked = await askAdmin(place, ROUTES.showTrace, { params: { id }, query: {} });
  if (asked.kind !== 'done') return notDone(place, asked);
  const trace: TraceView = asked.body;
  const text = traceAs(trace, flags.format, flags.messages);
  const { out } = flags;
  if (out !== undefined)
    return written(out, text) ?? said({ file: out, entries: trace.entries.length }, [`wrote ${out}`]);
  return said({ trace }, [text.trimEnd()]);
}

/** Prints what comes until the call is over. */
async function follow(place: AdminPlace, { messages = false }: TraceFlags, id: string): Promise<Answer> {
  let after = 0;
  let since: ((atMs: number) => number) | undefined;
  for (;;) {
    const asked = await askAdmin(place, ROUTES.showTrace, { params: { id }, query: { after } });
    if (asked.kind !== 'done') return notDone(place, asked);
    const trace: TraceView = asked.body;
    if (!since) {
      since = sinceStart(trace);
      console.log(`${headWords(trace)}\n${textHeader()}`);
    }
    for (const entry of trace.entries) {
      for (const line of textRows(entry, since, { messages })) console.log(line);
      after = Math.max(after, entry.seq);
    }
    if (trace.ended) return said({}, []);
    await sleep(FOLLOW_MS);
  }
}

/** undefined: it was. Readable by its owner only. */
function written(file: string, content: string | Uint8Array): Answer | undefined {
  try {
    writeFileSync(file, content, { mode: 0o600 });
    return undefined;
  } catch (error) {
    return refused({ field: '--out', message: String(error), remedy: 'Name a file that can be written.' });
  }
}
