import { rename, stat } from 'node:fs/promises';

/** A file that has so many bytes becomes `.1`, and what was that goes. Rejects as `rename` does. */
export async function makeRoom(path: string, maxBytes: number): Promise<void> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size >= maxBytes) await rename(path, `${path}.1`);
}
