import {
  APP_SECRET,
  GatewayProcess,
  type GatewayProcessOptions,
  PAGE,
  PAGE_TOKEN,
} from '../../support/gateway-process.ts';
import { type Codec, GatewayCalls } from './gateway-calls.ts';
import type { Carrier } from './ladder.ts';
import { stopsOf } from './media-stops.ts';

/**
 * A thread with so many calls has no room for as many set-ups a second as there may be, which the bench lets in and a gateway's
 * admission would not. Eight a second take a sixth of a core (`setup`: some 20 ms of the media thread each).
 */
const MANY = 200;
const MANY_PAUSE_MS = 500;

export type GatewayCarrierOptions = Omit<GatewayProcessOptions, 'graphUrl' | 'phone' | 'codec'>;

/** Our gateway with the simulators that call through it. */
export async function gatewayCarrier(codec: Codec, options: GatewayCarrierOptions): Promise<Carrier> {
  const calls = await GatewayCalls.start(codec, { page: PAGE, token: PAGE_TOKEN, secret: APP_SECRET });
  const { host, port } = calls.phone;
  const gateway = await GatewayProcess.start({
    ...options,
    codec,
    graphUrl: calls.simulator.graphUrl,
    phone: { host, port },
  });
  calls.simulator.setWebhookUrl(gateway.webhookUrl);
  return {
    name: 'gateway',
    pid: gateway.pid,
    atOnce: 4,
    pauseMs: (held) => (held < MANY ? 0 : MANY_PAUSE_MS),
    make: () => calls.make(),
    takePauses: () => gateway.takePauses(),
    mediaStops: async () => {
      const page = await fetch(`${gateway.adminUrl}/metrics`);
      if (!page.ok) throw new Error(`/metrics: ${page.status}`);
      return stopsOf(await page.text());
    },
    lastWords: () => gateway.lastWords(),
    stop: async () => {
      await gateway.stop();
      await calls.close();
    },
  };
}
