import type { GatewayConfig } from '../config/index.ts';
import { type EventFeed, type HttpServers, startHttp } from '../http/index.ts';
import { answerHandshake, verifySignature } from '../meta/index.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { type AdminSources, adminHandlers } from './admin/handlers.ts';
import { adminPort } from './admin/port.ts';
import type { Credentials } from './credentials.ts';
import type { Intake } from './intake.ts';
import type { LiveConfig } from './reload/live-config.ts';
import { keptForGood } from './webhook-answer.ts';

export interface HttpSideOptions {
  /** Of the start: its listeners stay. */
  readonly config: Pick<GatewayConfig, 'http' | 'admin'>;
  readonly live: LiveConfig;
  readonly credentials: Credentials;
  readonly intake: Intake;
  /** Resolves when all that was noted by now outlives the process. */
  readonly written: () => Promise<void>;
  readonly admin: AdminSources;
  readonly events: EventFeed;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** The webhook listener and the admin port of a gateway. */
export function startHttpSide(options: HttpSideOptions): Promise<HttpServers> {
  const { config, live, credentials, intake, written, admin, events, version, clock, log } = options;
  const { listen, webhookPath: path, bodyLimitBytes } = config.http;
  return startHttp({
    webhook: {
      ...listen,
      ...{ path, bodyLimitBytes },
      handshake: (query) => answerHandshake(query, credentials.verifyTokens),
      verify: (raw, signature) => verifySignature(raw, signature, credentials.appSecrets),
      // The 200 says that it is known here for good.
      accept: async (raw, receivedAtMs) => {
        const { against, ms } = await keptForGood(clock, intake.take(raw, receivedAtMs), written);
        if (against !== 'power-cut') log.warn({ afterMs: ms, against }, 'webhook.answered-before-noted');
      },
    },
    admin: {
      ...adminPort(config.admin, () => live.now.admin.tokens),
      ...{ version, handlers: adminHandlers(admin), events },
    },
    now: () => clock.now(),
    log,
    limits: { maxConnectionsPerSource: config.http.maxConnectionsPerSource },
  });
}
