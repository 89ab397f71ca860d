import { open } from 'node:fs/promises';

/**
 * The whole lines of the last `bytes` bytes of a file; of a shorter one all of it, also a last line that is torn. Rejects
 * as `open` does. A file that grows for weeks must neither be too long for a string nor take the memory.
 */
export async function readTail(path: string, bytes: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.min(size, bytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
    const text = buffer.toString('utf8', 0, bytesRead);
    return length < size ? text.slice(text.indexOf('\n') + 1) : text;
  } finally {
    await file.close();
  }
}

/** So much of the end of what the gateway wrote for its next start is read, bytes: some 30,000 calls of a journal. */
export const LEFT_BYTES = 64 * 1024 * 1024;
