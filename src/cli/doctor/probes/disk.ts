import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rm, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { GatewayConfig } from '../../../config/index.ts';
import type { FolderFact } from '../facts.ts';

/** Enough that a full disk shows. Bytes. */
const SAMPLE_BYTES = 65_536;

/** Folders that the gateway writes to, with the keys that say so. Pure but for the folder of the process. */
export function writtenFolders(config: GatewayConfig): readonly { keys: string[]; folder: string }[] {
  const { records, journal, outbound, recording, meta } = config;
  const files: readonly (readonly [string, string | undefined])[] = [
    ['records.path', ['-', 'off'].includes(records.path) ? undefined : records.path],
    ['records.spool', records.spool],
    ['records.sqlite.path', records.sqlite?.path],
    ['journal.path', journal.path],
    ['outbound.directory.path', outbound.directory.path],
    ['meta.metrics.path', meta.metrics.path],
  ];
  const folders = new Map<string, string[]>();
  const add = (key: string, folder: string): unknown =>
    folders.set(folder, [...(folders.get(folder) ?? []), key]);
  for (const [key, file] of files) if (file !== undefined) add(key, dirname(resolve(file)));
  if (recording.directory !== undefined) add('recording.directory', resolve(recording.directory));
  return [...folders].map(([folder, keys]) => ({ keys, folder }));
}

/** Writes a file, flushes it, takes it away again. Never rejects. */
export async function probeFolder(keys: readonly string[], folder: string): Promise<FolderFact> {
  const file = join(folder, `.msgw-doctor-${randomBytes(6).toString('hex')}`);
  let error: string | undefined;
  let flushMs = 0;
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'wx', 0o600);
    await handle.writeFile(Buffer.alloc(SAMPLE_BYTES));
    const before = performance.now();
    await handle.sync();
    flushMs = performance.now() - before;
  } catch (thrown) {
    error = (thrown as NodeJS.ErrnoException).code ?? String(thrown);
  } finally {
    await handle?.close();
    await rm(file, { force: true }).catch(() => undefined);
  }
  const space = await statfs(folder).catch(() => undefined);
  return {
    keys,
    folder,
    flushMs,
    freeBytes: space ? space.bavail * space.bsize : 0,
    totalBytes: space ? space.blocks * space.bsize : 0,
    ...(error === undefined ? {} : { error }),
  };
}
