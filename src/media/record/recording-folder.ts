import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PART } from './file-sink.ts';
import { fileIdOf } from './record-desk.ts';

/** A file of a recording, by its name. */
export interface RecordingFile {
  readonly path: string;
  /** Without its folder. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** What a call is in names of files: its id, or a hash of it. */
  readonly fileId: string;
  /** With `.part`: written now, or left by a process that died. */
  readonly isPart: boolean;
  readonly bytes: number;
  readonly changedAtMs: number;
}

const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3})Z-([A-Za-z0-9_-]+)\.(?:wav|opus)(\.part)?$/;

/** Recordings in a folder, the oldest first; whatever else is there is not looked at. Rejects as `readdir` does. */
export async function recordingFiles(directory: string): Promise<RecordingFile[]> {
  const files: RecordingFile[] = [];
  for (const name of (await readdir(directory)).sort()) {
    const [, year, month, day, hour, minute, second, fileId = '', part] = NAME.exec(name) ?? [];
    if (year === undefined) continue;
    const path = join(directory, name);
    const stats = await stat(path).catch(() => undefined);
    if (!stats?.isFile()) continue;
    files.push({
      path,
      name,
      startedAtMs: Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`),
      fileId,
      isPart: part === PART,
      bytes: stats.size,
      changedAtMs: stats.mtimeMs,
    });
  }
  return files;
}

/** Whether a file is of one of these calls, by Meta's ids or ours. */
export const isOfCall = ({ fileId }: RecordingFile, callIds: readonly string[]): boolean =>
  callIds.some((id) => fileIdOf(id) === fileId);
