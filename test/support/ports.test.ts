import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { freeUdpPort } from './ports.ts';

it('says that no port is free, in place of looking for ever', async () => {
  const taken: Socket[] = [];
  onTestFinished(() => {
    for (const socket of taken) socket.close();
  });
  const takeAll = async (): Promise<never> => {
    for (;;) {
      const port = await freeUdpPort();
      const socket = createSocket('udp4');
      taken.push(socket);
      socket.bind(port, '127.0.0.1');
      await once(socket, 'listening');
    }
  };
  await expect(takeAll()).rejects.toThrow(/no free port among \d+ from \d+ on/);
  expect(taken.length).toBeGreaterThan(100);
});
