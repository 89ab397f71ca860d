import { expect, it } from 'vitest';
import { openRtpPorts } from '../../../src/media/bridge/rtp-ports.ts';
import type { DatagramIo } from '../../../src/shared/datagram.ts';
import { io } from '../../support/datagram-io.ts';

const RANGE = { address: '127.0.0.1', portMin: 20_000, portMax: 29_999 };

/** Fails from the open with this number on. */
function failing(code: string, from: number): { readonly io: DatagramIo; readonly opens: () => number } {
  let opens = 0;
  const open: DatagramIo['open'] = (options, receive) => {
    opens += 1;
    return opens < from
      ? io.open(options, receive)
      : Promise.reject(Object.assign(new Error(code), { code }));
  };
  const { name, ports } = io;
  return { io: { name, ports, open, peer: io.peer.bind(io), close: () => io.close() }, opens: () => opens };
}

it.each([
  ['EMFILE', 1],
  ['EMFILE', 2],
  ['EADDRNOTAVAIL', 1],
])('does not try a whole range when the system says %s at open %i', async (code, from) => {
  const before = io.ports;
  const system = failing(code, from);
  const any = from === 1 ? RANGE : { ...RANGE, portMin: 0, portMax: 0 };
  const opening = openRtpPorts(
    system.io,
    any,
    () => {},
    () => {},
  );
  await expect(opening).rejects.toMatchObject({ code: 'MEDIA_RTP_PORTS', cause: { code } });
  expect(system.opens()).toBeLessThanOrEqual(3);
  expect(io.ports).toBe(before);
});

it('tries every pair of a range whose ports are all taken', async () => {
  const system = failing('EADDRINUSE', 1);
  const opening = openRtpPorts(
    system.io,
    { ...RANGE, portMax: 20_009 },
    () => {},
    () => {},
  );
  await expect(opening).rejects.toMatchObject({ code: 'MEDIA_RTP_PORTS' });
  expect(system.opens()).toBe(5);
});
