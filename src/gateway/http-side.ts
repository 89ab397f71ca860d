import type { GatewayConfig } from '../config/index.ts';
import { type EventFeed, type HttpServers, startHttp } from '../http/index.ts';
import { answerHandshake, verifySignature } from '../meta/index.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/log.ts';
import { type AdminSources, adminHandlers } from './admin/handlers.ts';
import { adminPort } from './admin/port.ts';
import { atMost } from './at-most.ts';
import type { Credentials } from './credentials.ts';
import type { Intake } from './intake.ts';
import type { LiveConfig } from './reload/live-config.ts';

/**
 * How long the 200 to a webhook waits for the journal, ms. A disk that takes longer costs the protection against a power
 * cut at this moment, not against a crash of ours, for the system has the line; Meta, unanswered, would send everything
 * again to a gateway that is slow already.
 */
const WEBHOOK_PATIENCE_MS = 150;

export interface HttpSideOptions {
  /** Of the start: its listeners stay. */
  readonly config: Pick<GatewayConfig, 'http' | 'admin'>;
  readonly live: LiveConfig;
  readonly credentials: Credentials;
  readonly intake: Intake;
  readonly admin: AdminSources;
  readonly events: EventFeed;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** The webhook listener and the admin port of a gateway. */
export function startHttpSide(options: HttpSideOptions): Promise<HttpServers> {
  const { config, live, credentials, intake, admin, events, version, clock, log } = options;
  const { listen, webhookPath: path, bodyLimitBytes } = config.http;
  return startHttp({
    webhook: {
      ...listen,
      ...{ path, bodyLimitBytes },
      handshake: (query) => answerHandshake(query, credentials.verifyTokens),
      verify: (raw, signature) => verifySignature(raw, signature, credentials.appSecrets),
      // The 200 says that it is known here for good.
      accept: async (raw, receivedAtMs) => {
        const kept = await atMost(clock, WEBHOOK_PATIENCE_MS, intake.take(raw, receivedAtMs));
        if (!kept) log.warn({ afterMs: WEBHOOK_PATIENCE_MS }, 'webhook.answered-before-noted');
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
