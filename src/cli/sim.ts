import { systemClock } from '../shared/clock.ts';
import { MetaSimulator } from '../sim/index.ts';

interface SimOptions {
  readonly webhook: string;
  readonly port: number;
  readonly address: string;
  readonly page: string;
  readonly token: string;
  readonly app: string;
  readonly appSecret: string;
  readonly verifyToken: string;
}

/** `msgw sim`: the Meta simulator by itself, until a signal. Returns the exit code. */
export async function simCommand(options: SimOptions): Promise<number> {
  const simulator = await MetaSimulator.start({
    webhookUrl: options.webhook,
    port: options.port,
    address: options.address,
    relayAddress: options.address,
    pageId: options.page,
    accessToken: options.token,
    appId: options.app,
    appSecret: options.appSecret,
    clock: systemClock,
    onEvent: ({ atMs, from, to, what, callId }) =>
      console.log(`${new Date(atMs).toISOString()} ${from} -> ${to}: ${what}${callId ? ` (${callId})` : ''}`),
  });
  const greeted = await simulator.webhooks.handshake(options.verifyToken).catch(() => false);
  console.log(`Graph API for meta.graphUrl: ${simulator.graphUrl}`);
  console.log(
    `place a call: curl -X POST -H 'content-type: application/json' -d '{}' ${simulator.graphUrl}/sim/calls`,
  );
  console.log(
    greeted
      ? 'the gateway answered the webhook handshake'
      : 'the gateway did not answer the webhook handshake (yet)',
  );
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  await simulator.close();
  return 0;
}
