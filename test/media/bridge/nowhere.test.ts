import { afterEach, expect, it } from 'vitest';
import { opus } from './harness.ts';
import { VirtualCall } from './virtual-call.ts';

let call: VirtualCall | undefined;
afterEach(() => call?.close());

it.each(['169.254.169.254', '224.0.1.75', '255.255.255.255'])(
  'a phone whose SDP says %s makes us send nothing there; where it speaks from it is heard and answered',
  async (address) => {
    call = await VirtualCall.open(opus, 'PCMU', {
      remote: { address, port: 8_000, rtcpPort: 8_001, rtcpMux: false },
    });
    call.until(1_000);
    expect(call.toPhone).toEqual([]);
    call.fromPhone(new Uint8Array(160).fill(0x55), 1, 160);
    call.until(2_000);
    expect(call.toPhone.length).toBeGreaterThan(40);
  },
);

it('to any other address the first packet is ours', async () => {
  call = await VirtualCall.open(opus, 'PCMU', {
    remote: { address: '198.51.100.7', port: 8_000, rtcpPort: 8_001, rtcpMux: false },
  });
  call.until(1_000);
  expect(call.toPhone.length).toBeGreaterThan(40);
});
