import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Sipp, startSipp } from '../../sip-server/support/sipp.ts';

/** Arguments for one call by a scenario of this folder. */
export const scenario = (name: string): string[] => [
  '-sf',
  join(import.meta.dirname, '..', 'scenarios', name),
  '-m',
  '1',
];

/** sipp that does not outlive its test, however that ends. */
export async function sipp(args: readonly string[], target?: string, port?: number): Promise<Sipp> {
  const started = await startSipp(args, target, port);
  onTestFinished(async () => {
    started.process.kill('SIGKILL');
    await started.done.catch(() => {});
  });
  return started;
}
