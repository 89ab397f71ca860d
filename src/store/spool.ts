import { GatewayError } from '../shared/error.ts';
import type { Log } from '../shared/log.ts';
import { LineFile } from './line-file.ts';
import { rewrite } from './rewrite.ts';
import { setAside } from './set-aside.ts';
import { LEFT_BYTES, readTail } from './tail.ts';

/** Work that outlives the process: what was added and not done yet is there again at the next start. */
export interface Spool<T> {
  /** What earlier runs left, oldest first. */
  readonly left: readonly { readonly id: string; readonly item: T }[];
  add(id: string, item: T): void;
  done(id: string): void;
  close(): Promise<void>;
}

/**
 * The spool of a file, JSON lines readable by its owner only, made anew at every start with what is left in it; without
 * a path it lives as long as the process; of a long one the newest 64 MiB are read. Rejects with STORE_OPEN; later failures are logged.
 *
 * @param read one item as it was written; undefined: it makes no sense
 * @param shortenAfter lines after which it is made anew while it runs; default that of `LineFile`
 */
export async function openSpool<T extends object>(
  path: string | undefined,
  read: (item: unknown) => T | undefined,
  log: Log,
  shortenAfter?: number,
): Promise<Spool<T>> {
  if (path === undefined) return { left: [], add: () => {}, done: () => {}, close: async () => {} };
  const { left, ...bad } = pending(await textOf(path), read);
  const staying = await setAside({ path, ...bad, log, event: 'spool.damaged-lines' });
  const open = new Map(left.map(({ id, item }) => [id, lineOf({ id, item })]));
  const lines = (): string[] => [...staying, ...open.values()];
  const shorten = { lines, after: shortenAfter };
  await rewrite(
    path,
    lines()
      .map((line) => `${line}\n`)
      .join(''),
  );
  const file = await LineFile.open({ path, fsync: false, shorten });
  const write = (line: string): void => {
    file.append(line).catch((error: unknown) => {
      log.error({ path, err: String(error) }, 'spool.write-failed');
    });
  };
  return {
    left,
    add: (id, item) => {
      const line = lineOf({ id, item });
      open.set(id, line);
      write(line);
    },
    done: (id) => {
      open.delete(id);
      write(lineOf({ id, done: true }));
    },
    close: () => file.close(),
  };
}

const lineOf = (line: object): string => JSON.stringify({ v: 1, ...line });

async function textOf(path: string): Promise<string> {
  return readTail(path, LEFT_BYTES).catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '';
    throw notOpened(path, cause);
  });
}

function notOpened(path: string, cause: unknown): GatewayError {
  return new GatewayError('STORE_OPEN', `${path}: ${String(cause)}`, { path }, { cause });
}

interface Pending<T> {
  readonly left: readonly { readonly id: string; readonly item: T }[];
  readonly damaged: number;
  /** What is damaged and whole. */
  readonly lines: readonly string[];
}

function pending<T>(text: string, read: (item: unknown) => T | undefined): Pending<T> {
  const items = new Map<string, T>();
  const all = text.split('\n');
  const bad: string[] = [];
  for (const line of all) {
    if (line === '') continue;
    const { v, id, item, done } = parsed(line);
    const value = done === true ? undefined : read(item);
    if (v !== 1 || typeof id !== 'string' || (done !== true && value === undefined)) bad.push(line);
    else if (value === undefined) items.delete(id);
    else items.set(id, value);
  }
  const lines = bad.filter((line) => line !== all.at(-1));
  return { left: [...items].map(([id, item]) => ({ id, item })), damaged: bad.length, lines };
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
