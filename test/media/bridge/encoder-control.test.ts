import { expect, it } from 'vitest';
import { Counters } from '../../../src/media/bridge/counters.ts';
import { Outlet } from '../../../src/media/bridge/outlet.ts';
import { ToConsumer } from '../../../src/media/bridge/to-consumer.ts';
import type { OpusLibrary } from '../../../src/media/codec/index.ts';
import { RtcpState } from '../../../src/media/rtp/rtcp.ts';
import { opus } from './harness.ts';

/** The real library; what its encoders are told is written down. */
function listening(told: unknown[][]): OpusLibrary {
  return {
    name: opus.name,
    kind: opus.kind,
    open: 0,
    memoryBytes: 0,
    failures: 0,
    decoder: (rate) => opus.decoder(rate),
    encoder: (options) => {
      const { complexity, expectedLossPercent, dtx, inbandFec } = options;
      told.push(['made', complexity, expectedLossPercent, dtx, inbandFec]);
      const encoder = opus.encoder(options);
      return {
        sampleRate: encoder.sampleRate,
        encode: (...frame) => encoder.encode(...frame),
        close: () => encoder.close(),
        setComplexity: (value) => void told.push(['complexity', value]),
        setExpectedLoss: (value) => void told.push(['loss', value]),
      };
    },
  };
}

const send = { payloadType: 111, ssrc: 1, cname: 'gw', useInbandFec: true };
const phone = {
  codec: 'PCMU',
  payloadType: 0,
  receivePayloadTypes: [0],
  clockRate: 8_000,
  remote: { address: '127.0.0.1', port: 9, rtcpPort: 9, rtcpMux: false },
  ptimeMs: 20,
  direction: 'sendrecv',
} as const;

it('makes FEC for the loss that reports about our stream tell, each of them once', () => {
  const told: unknown[][] = [];
  const direction = new ToConsumer(
    listening(told),
    6,
    new Counters(),
    new Outlet(1),
    () => {},
    () => {},
  );
  direction.configureSend(send);
  direction.configurePhone(phone);
  expect(told.splice(0)).toEqual([['made', 6, 10, false, true]]);
  const rtcp = new RtcpState();
  direction.hearReports(rtcp);
  expect(told).toEqual([]);
  rtcp.blocks = 1;
  rtcp.remoteFractionLost = 51;
  direction.hearReports(rtcp);
  direction.hearReports(rtcp);
  expect(told.splice(0)).toEqual([['loss', 15]]);
  direction.setComplexity(2);
  expect(told.splice(0)).toEqual([['complexity', 2]]);
  // Another encoder goes on with what is known.
  direction.configurePhone({ ...phone, codec: 'G722', payloadType: 9 });
  expect(told.splice(0)).toEqual([['made', 2, 15, false, true]]);
  direction.configureSend({ ...send, useInbandFec: false });
  expect(told.splice(0)).toEqual([['made', 2, 0, false, false]]);
  rtcp.blocks = 2;
  direction.hearReports(rtcp);
  expect(told).toEqual([]);
  direction.close();
  expect(opus.open).toBe(0);
});
