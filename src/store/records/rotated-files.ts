import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { daysBetween } from './day.ts';

/** A file that was written full, or whose day is over. */
export interface RotatedFile {
  readonly path: string;
  /** Counts up by one, whatever the clock does: the higher, the newer. */
  readonly number: number;
  /** Of its last record, `2026-11-21`. */
  readonly day: string;
  readonly isCompressed: boolean;
}

const PART = '.part';

/** `calls.jsonl` becomes `calls-000042-2026-11-21.jsonl`. */
export function rotatedPath(path: string, number: number, day: string): string {
  const extension = extname(path);
  const stem = basename(path, extension);
  return join(dirname(path), `${stem}-${String(number).padStart(6, '0')}-${day}${extension}`);
}

/** What earlier turns left beside `path`, the oldest first; of a file that is there twice the compressed one. */
export async function rotatedFiles(path: string): Promise<RotatedFile[]> {
  const extension = extname(path);
  const pattern = new RegExp(
    `^${literal(basename(path, extension))}-(\\d{6,})-(\\d{4}-\\d\\d-\\d\\d)${literal(extension)}(\\.gz)?$`,
  );
  const found = new Map<number, RotatedFile>();
  for (const name of await readdir(dirname(path))) {
    const [, number, day = '', gz] = pattern.exec(name) ?? [];
    if (number === undefined || (gz === undefined && found.has(Number(number)))) continue;
    const file = {
      path: join(dirname(path), name),
      number: Number(number),
      day,
      isCompressed: gz !== undefined,
    };
    found.set(file.number, file);
  }
  return [...found.values()].sort((a, b) => a.number - b.number);
}

const literal = (text: string): string => text.replace(/[^\w]/g, '\\$&');

export interface Keep {
  /** Files; 0: all. */
  readonly keep: number;
  /** Days; 0: for ever. */
  readonly keepDays: number;
  readonly gzip: boolean;
}

/**
 * Deletes what need not be kept and compresses the rest but the newest, which is looked at for records that were written
 * twice. @param today `2026-11-21` @returns paths that were deleted. Rejects as the file system does.
 */
export async function tidy(
  path: string,
  { keep, keepDays, gzip }: Keep,
  today: string,
  signal: AbortSignal,
): Promise<string[]> {
  const files = await rotatedFiles(path);
  const isOld = ({ day }: RotatedFile, i: number): boolean =>
    (keep > 0 && files.length - i > keep) || (keepDays > 0 && daysBetween(day, today) > keepDays);
  const old = files.filter(isOld);
  for (const { path: each } of old) await unlink(each);
  if (gzip) {
    for (const file of files.slice(0, -1)) {
      if (file.isCompressed || old.includes(file)) continue;
      if (signal.aborted) break;
      await compress(file.path, signal);
    }
  }
  return old.map(({ path: each }) => each);
}

/** The old file goes when the new one is whole. */
async function compress(path: string, signal: AbortSignal): Promise<void> {
  const made = `${path}.gz`;
  try {
    const out = createWriteStream(made + PART, { mode: 0o600, flush: true });
    await pipeline(createReadStream(path), createGzip(), out, { signal });
  } catch (error) {
    await unlink(made + PART).catch(() => {});
    if (signal.aborted) return;
    throw error;
  }
  await rename(made + PART, made);
  await unlink(path);
}
