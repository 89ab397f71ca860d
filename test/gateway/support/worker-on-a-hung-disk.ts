import { open } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { FromWorker, WorkerOptions } from '../../../src/gateway/media/protocol.ts';

/** A media worker with a file operation that the system does not finish: `record.directory` is a pipe without a writer. */
const { record } = workerData as WorkerOptions;
void open(record?.directory ?? '', 'r').then((file) => file.close());
const started: FromWorker = { type: 'started', priority: 'normal', opus: 'none', io: 'none' };
parentPort?.postMessage(started);
parentPort?.on('message', () => {});
