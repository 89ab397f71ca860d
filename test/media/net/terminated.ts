import { readdirSync, readlinkSync } from 'node:fs';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { createDatagramIo } from '../../../src/media/net/create.ts';

/** A process of its own for `life.test.ts`: a thread with an open port is terminated. Tells its epolls and sockets. */
const count = (): number =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return /eventpoll|^socket/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;

if (isMainThread) {
  const before = count();
  const worker = new Worker(new URL(import.meta.url));
  const name = await new Promise<string>((resolve) => worker.once('message', resolve));
  const open = count();
  await worker.terminate();
  process.stdout.write(JSON.stringify({ name, before, open, after: count() }));
} else {
  const { io } = await createDatagramIo('epoll');
  await io.open({ address: '127.0.0.1', port: 0 }, () => {});
  parentPort?.postMessage(io.name);
}
