import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import type { SubjectOptions, SubjectSample } from './subject.ts';

/** A process around the measured thread that speaks as `native/forward.c` does: `IO CALLS PRIORITY`, ports, then samples. */
const [io, calls, priority] = process.argv.slice(2);
const options: SubjectOptions = {
  io: io as SubjectOptions['io'],
  calls: Number(calls),
  priority: priority as SubjectOptions['priority'],
};
const worker = new Worker(new URL('./subject.ts', import.meta.url), { workerData: options });
worker.once('message', (ports: readonly number[]) => {
  process.stdout.write(`ports ${ports.join(' ')}\n`);
  worker.on('message', ({ cpuUs, packets, allocatedBytes, longestGcMs }: SubjectSample) => {
    process.stdout.write(`${cpuUs} ${packets} ${allocatedBytes} ${longestGcMs}\n`);
  });
  const commands = createInterface({ input: process.stdin });
  commands.on('line', () => worker.postMessage('sample'));
  commands.on('close', () => process.exit(0));
});
worker.on('error', (error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
