import { createSocket } from 'node:dgram';
import { expect, it, onTestFinished } from 'vitest';
import { type BridgeEvent, MediaEngine } from '../../../src/media/index.ts';
import { writeRtpHeader } from '../../../src/media/rtp/header.ts';
import { FakeClock } from '../../../src/shared/fake-clock.ts';
import { silentLog } from '../../../src/shared/log.ts';
import { io } from '../../support/datagram-io.ts';
import { opus } from './harness.ts';

it('ends the call whose packet from the phone met a bug, once, and none other', async () => {
  const engine = new MediaEngine({ opus, io, clock: new FakeClock(), log: silentLog, opusComplexity: 0 });
  const events: BridgeEvent[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const bridge = engine.openBridge(
    {
      mediaTimeoutMs: 30_000,
      onEvent: (event) => {
        events.push(event);
        if (event.kind === 'firstPacket') throw new Error('a bug on the way of a packet');
        resolve();
      },
    },
    1,
  );
  const other = engine.openBridge({ mediaTimeoutMs: 30_000, onEvent: () => {} }, 2);
  const phone = createSocket('udp4');
  await new Promise<void>((bound) => phone.bind(0, '127.0.0.1', bound));
  onTestFinished(async () => {
    phone.close();
    await engine.close();
  });
  const { port } = await bridge.openPhone({ address: '127.0.0.1', portMin: 0, portMax: 0 });
  bridge.setPhonePlan({
    codec: 'PCMU',
    payloadType: 0,
    receivePayloadTypes: [0],
    clockRate: 8_000,
    remote: { address: '127.0.0.1', port: phone.address().port, rtcpPort: 0, rtcpMux: false },
    ptimeMs: 20,
    direction: 'sendrecv',
  });
  bridge.setOpen(true);
  const packet = Buffer.alloc(172, 0xff);
  for (let i = 0; i < 3; i++) {
    writeRtpHeader(packet, false, 0, i, i * 160, 7);
    phone.send(packet.subarray(), port, '127.0.0.1');
  }
  await promise;
  expect(events.map(({ kind }) => kind)).toEqual(['firstPacket', 'bug']);
  expect(engine.bridges).toBe(1);
  await bridge.close();
  await other.close();
});
