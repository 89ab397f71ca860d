import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GatewayError } from '../shared/error.ts';

/** Puts `text` in a file's place, whole or not at all, also over a crash. Rejects with STORE_OPEN, also for a device. */
export async function rewrite(path: string, text: string): Promise<void> {
  try {
    await onlyFiles(path);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file
        .writeFile(text)
        .then(() => file.datasync())
        .finally(() => file.close());
      await rename(`${path}.new`, path);
    } catch (error) {
      // Of a full disk it would take what room there is.
      await rm(`${path}.new`, { force: true }).catch(() => {});
      throw error;
    }
    await syncFolder(path);
  } catch (cause) {
    throw new GatewayError('STORE_OPEN', `${path}: ${String(cause)}`, { path }, { cause });
  }
}

/** Rejects for what is there and no file: root would put one in the place of /dev/null. */
export async function onlyFiles(path: string): Promise<void> {
  const isOther = await stat(path).then(
    (stats) => !stats.isFile(),
    () => false,
  );
  if (isOther) throw new Error('it is no file');
}

/** A name that was given in it outlives a power cut, where the file system does that; never rejects. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r').catch(() => undefined);
  await folder
    ?.sync()
    .catch(() => {})
    .finally(() => folder.close());
}
