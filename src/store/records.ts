import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { Log } from '../shared/log.ts';
import { LineFile } from './line-file.ts';
import type { RecordWriter } from './types.ts';

/** Records into a file, appended. Rejects with STORE_OPEN; later failures are logged with the record lost. */
export async function openRecordFile(path: string, log: Log): Promise<RecordWriter> {
  const file = await LineFile.open({ path, fsync: false });
  return {
    write: (record) =>
      file.append(JSON.stringify(record)).catch((error: unknown) => {
        log.error({ path, err: String(error) }, 'records.write-failed');
      }),
    close: () => file.close(),
  };
}

/** Records into a stream such as standard output, which stays open: it is not ours to end. */
export function recordStream(stream: Writable, log: Log): RecordWriter {
  let last: Promise<void> = Promise.resolve();
  let closed = false;
  // Without a listener a broken pipe would end the process and with it every call.
  const onError = (error: Error): void => log.error({ err: error.message }, 'records.write-failed');
  stream.on('error', onError);

  const write = (record: object): Promise<void> => {
    if (closed || !stream.writable) {
      log.error({ err: closed ? 'closed' : 'not writable' }, 'records.write-failed');
      return Promise.resolve();
    }
    last = new Promise((resolve) => {
      // Streams call back in order, so that the last callback stands for all; 'error' tells of failures.
      stream.write(`${JSON.stringify(record)}\n`, () => resolve());
    });
    return last;
  };

  const close = async (): Promise<void> => {
    closed = true;
    await last;
    // An error is emitted after the callback of the write that met it.
    await new Promise((resolve) => setImmediate(resolve));
    stream.off('error', onError);
  };

  return { write, close };
}

/** So much of the end of a file of records is looked at, bytes: some thousand records. */
const TAIL_BYTES = 8 * 1024 * 1024;

/** Ids of the calls that the newest records of a file are of; none where there is no such file, or it cannot be read. */
export async function recordedIds(path: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return ids;
  try {
    const { size } = await file.stat();
    const length = Math.min(size, TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    for (const line of buffer.toString('utf8', 0, bytesRead).split('\n')) {
      const id = idOf(line);
      if (id !== undefined) ids.add(id);
    }
  } catch {
    // A record too many is better than none.
  } finally {
    await file.close();
  }
  return ids;
}

function idOf(line: string): string | undefined {
  try {
    const { callId } = JSON.parse(line) as { callId?: unknown };
    return typeof callId === 'string' ? callId : undefined;
  } catch {
    return undefined;
  }
}
