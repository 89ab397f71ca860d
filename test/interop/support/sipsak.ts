import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PeerProcess, peerFolder } from '../../support/peer-process.ts';

/** Runs sipsak to its end. @param file what `-f` names, when it shoots one message */
export async function sipsak(
  args: readonly string[],
  file?: string,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const folder = peerFolder('sipsak');
  const path = join(folder, 'message.sip');
  if (file !== undefined) writeFileSync(path, file);
  const process = new PeerProcess('sipsak', file === undefined ? args : ['-f', path, ...args], folder);
  const code = await process.exit;
  const output = process.lines.join('\n');
  await process.close();
  return { code, output };
}
