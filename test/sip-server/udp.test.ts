import { expect, test } from 'vitest';
import { FakeClock } from '../../src/shared/fake-clock.ts';
import { OwnAddresses } from '../../src/sip-server/transport/address.ts';
import { UdpListener } from '../../src/sip-server/transport/udp.ts';

test('what the socket cannot send is told once, and the next message goes out', async () => {
  const clock = new FakeClock();
  const heard: string[] = [];
  let wake: () => void = () => {};
  const listener = await UdpListener.open(
    { protocol: 'udp', address: '127.0.0.1', port: 0 },
    {
      clock,
      own: new OwnAddresses({ clock }),
      accepts: () => true,
      onMessage: (message) => {
        heard.push(message.toString());
        wake();
      },
      onError: (error) => {
        throw error;
      },
    },
  );
  const to = { address: '127.0.0.1', port: listener.contact.port };
  const told: string[] = [];
  const failing = (message: Buffer, port: number): Promise<void> =>
    new Promise((resolve) => {
      listener.flow({ address: '127.0.0.1', port }).send(message, (error) => {
        told.push(error.message);
        resolve();
      });
    });
  await failing(Buffer.alloc(70_000), to.port);
  await failing(Buffer.from('x'), 0);
  expect(told).toEqual([expect.stringContaining('EMSGSIZE'), expect.stringContaining('Port')]);
  const arrived = new Promise<void>((resolve) => (wake = resolve));
  listener.flow(to).send(Buffer.from('hello'), () => {});
  await arrived;
  expect(heard).toEqual(['hello']);
  await listener.close();
});
