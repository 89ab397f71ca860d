import { createSocket } from 'node:dgram';
import { readlinkSync } from 'node:fs';
import { expect, it } from 'vitest';
import { takeOver } from '../../../src/media/net/dgram-tap.ts';

it.runIf(process.platform === 'linux')(
  'finds the descriptor of a dgram socket, and Node reads it no more',
  async () => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const fd = takeOver(socket);
    expect(readlinkSync(`/proc/self/fd/${fd}`)).toMatch(/^socket:/);
    socket.on('message', () => expect.unreachable('Node still reads'));
    const other = createSocket('udp4');
    await new Promise((resolve) => other.send('x', socket.address().port, '127.0.0.1', resolve));
    // The loop has polled for reading when a timer and two turns have passed.
    await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => other.close(() => resolve()));
    await new Promise<void>((resolve) => socket.close(() => resolve()));
    expect(() => readlinkSync(`/proc/self/fd/${fd}`)).toThrow();
  },
);

it('says so when there is no handle', () => {
  const socket = createSocket('udp4');
  expect(() => takeOver(socket)).toThrow('keeps the handle');
  socket.close();
});
