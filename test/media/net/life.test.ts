import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createDatagramIo } from '../../../src/media/net/create.ts';
import { selfTest } from '../../../src/media/net/self-test.ts';
import { ENGINES } from './engines.ts';

const program = new URL('./life.ts', import.meta.url).pathname;

it.each(ENGINES)(
  '%s: a bug in a handler costs one packet, and closed ports keep no process',
  async (name) => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, name], {
      timeout: 60_000,
    });
    expect(JSON.parse(stdout)).toEqual({ name, heard: 3, bugs: 1 });
    expect(stderr).toBe('');
  },
);

it('finds an engine that does not bring the datagram, or changes it', async () => {
  const { io } = await createDatagramIo('dgram');
  const deaf = { ...bind(io), open: (options: Parameters<typeof io.open>[0]) => io.open(options, () => {}) };
  await expect(selfTest(deaf)).rejects.toThrow('no datagram came');
  const liar: typeof io = {
    ...bind(io),
    open: (options, receive) =>
      io.open(options, (packet, length, from) => receive(packet.fill(0, 0, 1), length, from)),
  };
  await expect(selfTest(liar)).rejects.toThrow('changed');
  expect(io.ports).toBe(0);
});

it('leaves no timer behind when a port cannot be opened', async () => {
  const { io } = await createDatagramIo('dgram');
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = timers();
  let opened = 0;
  const poor: typeof io = {
    ...bind(io),
    open: (options, receive) => {
      opened += 1;
      return opened === 1 ? io.open(options, receive) : Promise.reject(new Error('no more'));
    },
  };
  await expect(selfTest(poor)).rejects.toThrow('no more');
  expect(timers()).toBe(before);
  expect(io.ports).toBe(0);
});

it.runIf(process.platform === 'linux')(
  'leaves no descriptor behind in a thread that is terminated',
  async () => {
    const file = new URL('./terminated.ts', import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 60_000 });
    const { name, before, open, after } = JSON.parse(stdout);
    expect(name).toBe('epoll');
    expect(open).toBeGreaterThan(before);
    expect(after).toBe(before);
  },
);

it('is dgram when asked to be', async () => {
  const { io, refused } = await createDatagramIo('dgram');
  expect([io.name, refused]).toEqual(['dgram', []]);
});

function bind(io: Awaited<ReturnType<typeof createDatagramIo>>['io']): typeof io {
  return { name: io.name, ports: 0, open: io.open, peer: io.peer.bind(io), close: () => io.close() };
}
