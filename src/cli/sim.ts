import { systemClock } from '../shared/clock.ts';
import { GatewayError } from '../shared/error.ts';
import { MetaSimulator, type MetaSimulatorOptions, type SimEvent } from '../sim/index.ts';

export interface SimOptions {
  readonly webhook: string;
  readonly port: number;
  readonly address: string;
  readonly platform: 'messenger' | 'whatsapp';
  readonly page: string;
  readonly token: string;
  readonly app: string;
  readonly appSecret: string;
  readonly verifyToken: string;
}

/** `msgw sim`: the Meta simulator by itself, until a signal. Returns the exit code. */
export async function simCommand(options: SimOptions): Promise<number> {
  let simulator: MetaSimulator;
  try {
    simulator = await MetaSimulator.start({
      ...simulatorOptions(options),
      onEvent: (event) => console.log(lineOf(event)),
    });
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    console.error(error.line);
    return 1;
  }
  const greeted = await simulator.webhooks.handshake(options.verifyToken).catch(() => false);
  console.log(`Graph API for meta.graphUrl: ${simulator.graphUrl}`);
  console.log(
    `place a call: curl -X POST -H 'content-type: application/json' -d '{}' ${simulator.graphUrl}/sim/calls`,
  );
  console.log(
    greeted
      ? 'the gateway answered the webhook handshake'
      : `no gateway answers the webhook handshake at ${options.webhook} yet: start it before you place a call`,
  );
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  await simulator.close();
  return 0;
}

export function simulatorOptions(options: SimOptions): MetaSimulatorOptions {
  return {
    webhookUrl: options.webhook,
    port: options.port,
    address: options.address,
    relayAddress: options.address,
    platform: options.platform,
    pageId: options.page,
    accessToken: options.token,
    appId: options.app,
    appSecret: options.appSecret,
    clock: systemClock,
  };
}

export function lineOf({ atMs, from, to, what, callId }: SimEvent): string {
  return `${new Date(atMs).toISOString()} ${from} -> ${to}: ${what}${callId ? ` (${callId})` : ''}`;
}
