import { createDatagramIo, type DatagramIoChoice } from '../../../src/media/net/create.ts';

/** A process of its own for `life.test.ts`: one handler throws, the next goes on; after `close` nothing keeps us. */
const { io } = await createDatagramIo(process.argv[2] as DatagramIoChoice);
let bugs = 0;
process.on('uncaughtException', () => {
  bugs += 1;
});
let heard = 0;
const { promise, resolve } = Promise.withResolvers<void>();
const to = await io.open({ address: '127.0.0.1', port: 0 }, () => {
  heard += 1;
  if (heard === 3) resolve();
  if (heard === 1) throw new Error('a bug in a handler');
});
const from = await io.open({ address: '127.0.0.1', port: 0 }, () => {});
const peer = io.peer('127.0.0.1', to.port);
for (let i = 0; i < 3; i++) if (peer) from.send(Buffer.from('x'), 1, peer);
await promise;
await to.close();
await from.close();
// Only once everything else is done, and nobody calls exit().
process.once('exit', () => process.stdout.write(JSON.stringify({ name: io.name, heard, bugs })));
