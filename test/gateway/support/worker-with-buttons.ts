import { parentPort } from 'node:worker_threads';
import type { ToWorker } from '../../../src/gateway/media/protocol.ts';

/**
 * The media worker with two buttons that the real one has not: asked to dump the call `hang` it never does anything
 * again, asked to dump `busy` it takes half a second of CPU.
 */
parentPort?.on('message', (message: ToWorker) => {
  if (message.type !== 'request' || message.name !== 'dump') return;
  const { call } = message.params as { call: string };
  if (call === 'hang') for (;;);
  if (call !== 'busy') return;
  const taken = (): number => {
    const { user, system } = process.threadCpuUsage();
    return user + system;
  };
  for (const until = taken() + 500_000; taken() < until; );
});
await import('../../../src/gateway/media/worker.ts');
