import { open, rename, stat } from 'node:fs/promises';
import { GatewayError } from '../shared/error.ts';

/** Puts `text` in a file's place, whole or not at all, also over a crash. Rejects with STORE_OPEN, also for a device. */
export async function rewrite(path: string, text: string): Promise<void> {
  try {
    // Root would put a file in the place of /dev/null.
    const isOther = await stat(path).then(
      (stats) => !stats.isFile(),
      () => false,
    );
    if (isOther) throw new Error('it is no file');
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  } catch (cause) {
    throw new GatewayError('STORE_OPEN', `${path}: ${String(cause)}`, { path }, { cause });
  }
}
