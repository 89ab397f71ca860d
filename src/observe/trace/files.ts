import { mkdir, readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../shared/log.ts';
import type { TraceEntry, TraceHead, TraceView } from './entry.ts';

/** `keep` is read when it is needed: a reload changes it. */
export interface TraceFilesOptions {
  readonly directory: string;
  /** Files that are kept; the oldest go. */
  readonly keep: number;
  readonly log: Log;
}

const SUFFIX = '.trace.jsonl';

/**
 * Traces of calls that are over, one file a call: the first line is the head of the trace, each further one an entry. A
 * disk that does not take them costs the file, never a call. Owns what is being written, until `close`.
 */
export class TraceFiles {
  readonly #options: TraceFilesOptions;
  #last: Promise<void> = Promise.resolve();

  constructor(options: TraceFilesOptions) {
    this.#options = options;
  }

  /** One after the other; never rejects. */
  write(view: TraceView): Promise<void> {
    this.#last = this.#last.then(() => this.#write(view)).catch((error: unknown) => this.#failed(error));
    return this.#last;
  }

  /** The trace of a call that was written, or undefined. */
  async read(callId: string): Promise<TraceView | undefined> {
    await this.#last;
    const wanted = `_${nameOf(callId)}${SUFFIX}`;
    const name = (await this.#names()).findLast((each) => each.endsWith(wanted));
    if (name === undefined) return undefined;
    const text = await readFile(join(this.#options.directory, name), 'utf8').catch(() => '');
    return parsed(text);
  }

  close(): Promise<void> {
    return this.#last;
  }

  async #write(view: TraceView): Promise<void> {
    const { directory } = this.#options;
    const { entries, ...head } = view;
    const stamp = new Date(view.startedAtMs).toISOString().replace(/[-:]/g, '').replace('.', '');
    const file = join(directory, `${stamp}_${nameOf(view.callId)}${SUFFIX}`);
    const lines = [head, ...entries].map((line) => `${JSON.stringify(line)}\n`);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    // Readable by its owner only, and whole or not there.
    await writeFile(`${file}.part`, lines.join(''), { mode: 0o600 });
    await rename(`${file}.part`, file);
    const names = await this.#names();
    for (const name of names.slice(0, Math.max(0, names.length - this.#options.keep)))
      await unlink(join(directory, name)).catch(() => {});
  }

  /** Oldest first: the name begins with the time. */
  async #names(): Promise<string[]> {
    const names = await readdir(this.#options.directory).catch(() => []);
    return names.filter((name) => name.endsWith(SUFFIX)).sort();
  }

  #failed(error: unknown): void {
    this.#options.log.warn({ code: 'TRACE_NOT_WRITTEN', err: String(error) }, 'trace.not-written');
  }
}

/** Ids are a stranger's words: nothing but letters and digits makes a name. */
const nameOf = (callId: string): string => callId.replace(/[^A-Za-z0-9-]/g, '-').slice(0, 150);

function parsed(text: string): TraceView | undefined {
  try {
    const [head, ...entries] = text
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    return {
      ...(head as TraceHead & { v: 1; ended: boolean; dropped: number }),
      entries: entries as TraceEntry[],
    };
  } catch {
    return undefined;
  }
}
